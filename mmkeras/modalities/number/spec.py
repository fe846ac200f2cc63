"""How a number column is named, described and served, and its adapted state. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.data.values.outliers import outliers
from mmkeras.graph import Input, InputSpec

EXAMPLE: Final = "1"
FLAGS: Final[tuple[str, ...]] = ()
PREPARED: Final = (
    "float32 [b, 2], the standardised number and its signed logarithm (of n columns as one input: [b, n, 2])"
)
NAMES_FILES: Final = False

SMALLEST_DEVIATION: Final = 1e-30  # its inverse is still a float32


@dataclass(frozen=True)
class NumberState:
    """Mean, standard deviation and median of the training rows' numbers."""

    mean: float
    deviation: float
    median: float


def adapt_state(cells: Sequence[str]) -> NumberState:
    """Mean and standard deviation without outliers, and median, of the cells that are not empty; 0, 1, 0 if all are."""
    values = np.array([float(cell) for cell in cells if cell.strip()], "float64")
    values = values[~outliers(values)]
    if not len(values):
        return NumberState(0.0, 1.0, 0.0)
    deviation = float(values.std())
    # the deviation of a constant column is rounding error; dividing by it would amplify that error
    varies = deviation > max(1e-6 * float(np.abs(values).max()), SMALLEST_DEVIATION)
    return NumberState(float(values.mean()), deviation if varies else 1.0, float(np.median(values)))


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return "as it stands in the CSV"


def served_name(name: str) -> str:
    """The name of the input in serving_default."""
    return name


def as_served(value: float | None, input_spec: InputSpec) -> tuple[Any, Any]:
    """A number as a client of TF Serving sends it, NaN for a missing one, and the value of the raw input."""
    return np.float32(np.nan if value is None else value), value


def stack_served(sent: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """float32 [b]."""
    return np.array(sent, "float32")
