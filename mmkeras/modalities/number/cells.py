"""Number cells -> what a graph takes, by NumPy alone: clients have nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot


def read(cell: str, entry: InputSpec, root: MediaRoot) -> float | None:
    """A number; the table has seen to it that it is one."""
    return float(cell) if cell.strip() else None


sample = read


def stack(values: Sequence[Any], entry: InputSpec) -> np.ndarray:
    """float32 [b, 1]."""
    return np.array([[0.0 if value is None else value] for value in values], "float32")


def read_numbers(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cells, empty or a finite number -> values and presence, float32 [n, 1] each, 0.0 where nothing is."""
    there = [bool(cell.strip()) for cell in cells]
    values = [float(cell) if present else 0.0 for cell, present in zip(cells, there, strict=True)]
    return np.array([values], "float32").T, np.array([there], "float32").T  # [1, n] -> [n, 1]
