"""Number cells -> the float32 that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.data.values.numbers import LARGEST
from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> float | None:
    """A cell's number, None if the cell is empty; other cells were dropped when the table was read.

    Raises BadCell for a number that float32 does not hold.
    """
    if not cell.strip():
        return None
    number = float(cell)
    if abs(number) > LARGEST:
        raise BadCell(f"expected a number from {-LARGEST:.2g} to {LARGEST:.2g}, received {cell[:40]!r}.")
    return number


sample = read


def stack(values: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """float32 [b, 1]."""
    return np.array([[0.0 if value is None else value] for value in values], "float32")


def read_numbers(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cells, empty or a finite number -> values and presence, float32 [n, 1] each, 0.0 for an empty cell."""
    present = [bool(cell.strip()) for cell in cells]
    values = [float(cell) if is_present else 0.0 for cell, is_present in zip(cells, present, strict=True)]
    return np.array([values], "float32").T, np.array([present], "float32").T  # [1, n] -> [n, 1]
