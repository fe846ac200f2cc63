"""How a flag names a pretrained encoder: `preset:NAME`, by its name or its folder."""

from __future__ import annotations

from typing import Final

PRESET: Final = "preset:"


def is_preset(encoder: str) -> bool:
    """Does a flag such as `--text-encoder` name a preset?"""
    return encoder.startswith(PRESET)


def preset_of(encoder: str) -> str:
    """`preset:NAME` -> `NAME`."""
    return encoder.removeprefix(PRESET)
