"""The fusions by name. To add one: a function, and a line here. Named, not imported: `--help` loads no Keras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fusion:
    """The functions of a fusion, as `module:function`.

    answer: (encoded, present, outputs, sizes) -> `models.fusions.Fused`.
    memory: (encoded, present, sizes) -> `Encoded`, the tokens that a decoder attends to; None: no text generation.
    """

    answer: str
    memory: str | None = None


FUSIONS: Final[dict[str, Fusion]] = {
    "attention": Fusion("mmkeras.models.fusions:attention", "mmkeras.models.fusions:attention_memory"),
    "concat": Fusion("mmkeras.models.fusions:concat", "mmkeras.models.fusions:concat_memory"),
    "sum": Fusion("mmkeras.models.fusions:add", "mmkeras.models.fusions:sum_memory"),
    "decision": Fusion("mmkeras.models.fusions:decision"),
}

OWN: Final = "own:"
"""Before the name of a function that a user gives in Python, as the value of --fusion: `own:my_function`."""


def is_own(name: str | None) -> bool:
    """Is a fusion a function of the user?"""
    return bool(name) and str(name).startswith(OWN)


def without_memory() -> list[str]:
    """The fusions that cannot generate text."""
    return [name for name, fusion in FUSIONS.items() if fusion.memory is None]


def with_memory() -> list[str]:
    """The fusions that can generate text."""
    return [name for name, fusion in FUSIONS.items() if fusion.memory is not None]
