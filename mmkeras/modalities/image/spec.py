"""How an image column is seen: the part of the Config that its layers need, saved in schema.json. NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

from mmkeras.errors import InputError

SMALLEST, LARGEST = 16, 512


@dataclass(frozen=True)
class ImageRule:
    """size: pixels of each side of the square that the network sees. Raises InputError for one that makes no sense."""

    size: int = 96

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"image size {self.size}: expected {SMALLEST} to {LARGEST} pixels a side.")
