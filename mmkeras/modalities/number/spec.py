"""The facts about a number column, and what is learned of it. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.graph import Input, InputSpec

EXAMPLE: Final = "1"
FLAGS: Final[tuple[str, ...]] = ()
NAMES_FILES: Final = False

SMALLEST_DEVIATION: Final = 1e-30  # one divided by it is still a float32


@dataclass(frozen=True)
class NumberState:
    """What a number column learned from its training rows."""

    mean: float
    deviation: float
    median: float


def learn_state(cells: Sequence[str]) -> NumberState:
    """Mean, standard deviation and median of the cells that are there; 0, 1, 0 where none is."""
    values = np.array([float(cell) for cell in cells if cell.strip()], "float64")
    if not len(values):
        return NumberState(0.0, 1.0, 0.0)
    deviation = float(values.std())
    # a column of one value says nothing; dividing by its deviation would make noise of rounding
    enough = deviation > max(1e-6 * float(np.abs(values).max()), SMALLEST_DEVIATION)
    return NumberState(float(values.mean()), deviation if enough else 1.0, float(np.median(values)))


def describe(given: Input) -> str:
    """The raw input in words."""
    return "as it stands in the CSV"


def served_name(name: str) -> str:
    """What serving_default calls the input."""
    return name


def as_served(value: float | None, entry: InputSpec) -> tuple[Any, Any]:
    """A number as a client of TF Serving sends it: NaN where there is none."""
    return np.float32(np.nan if value is None else value), value


def stack_served(sent: Sequence[Any], entry: InputSpec) -> np.ndarray:
    """float32 [b]."""
    return np.array(sent, "float32")
