"""How a colour column is named, described and served. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmkeras.graph import Input, InputSpec

EXAMPLE: Final = "#ff8800"
FLAGS: Final[tuple[str, ...]] = ()
NAMES_FILES: Final = False


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return "red, green and blue, 0 to 1"


def served_name(name: str) -> str:
    """The name of the input in serving_default."""
    return name


def as_served(value: np.ndarray | None, input_spec: InputSpec) -> tuple[bytes, Any]:
    """A colour as a client of TF Serving sends it, as in the CSV, or "" for a missing one; and its value."""
    if value is None:
        return b"", None
    return ("#" + "".join(f"{round(255 * float(part)):02x}" for part in value)).encode(), value


def stack_served(sent: Sequence[bytes], input_spec: InputSpec) -> np.ndarray:
    """Strings [b]."""
    return np.array(sent, object)
