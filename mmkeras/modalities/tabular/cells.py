"""Number cells -> what a graph takes, by NumPy alone: clients have nothing else. (Bytes: text.cells.)"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def read_numbers(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cells, empty or a finite number -> values and presence, float32 [n, 1] each, 0.0 where nothing is."""
    there = [bool(cell.strip()) for cell in cells]
    values = [float(cell) if present else 0.0 for cell, present in zip(cells, there, strict=True)]
    return np.array([values], "float32").T, np.array([there], "float32").T  # [1, n] -> [n, 1]
