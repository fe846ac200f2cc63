"""The facts about a colour column, and what a client of TF Serving sends of it. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmkeras.graph import Input, InputSpec

EXAMPLE: Final = "#ff8800"
FLAGS: Final[tuple[str, ...]] = ()
NAMES_FILES: Final = False


def describe(given: Input) -> str:
    """The raw input in words."""
    return "red, green and blue, 0 to 1"


def served_name(name: str) -> str:
    """What serving_default calls the input."""
    return name


def as_served(value: np.ndarray | None, entry: InputSpec) -> tuple[bytes, Any]:
    """A colour as a client of TF Serving sends it: as the CSV has it, "" where there is none."""
    if value is None:
        return b"", None
    return ("#" + "".join(f"{round(255 * float(part)):02x}" for part in value)).encode(), value


def stack_served(sent: Sequence[bytes], entry: InputSpec) -> np.ndarray:
    """Strings [b]."""
    return np.array(sent, object)
