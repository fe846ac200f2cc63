"""Colour cells -> the float32 that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot

_COLOUR = re.compile("#[0-9a-fA-F]{6}")


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> np.ndarray | None:
    """#ff8800 -> red, green and blue, float32 [3], 0 … 1. Raises BadCell for another cell that is not empty."""
    cell = cell.strip()
    if not cell:
        return None
    if not _COLOUR.fullmatch(cell):
        raise BadCell(f"expected a colour such as #ff8800, received {cell[:40]!r}")
    return np.array([int(cell[k : k + 2], 16) for k in (1, 3, 5)], "float32") / np.float32(255)


sample = read


def stack(values: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """float32 [b, 3]."""
    return np.array([np.zeros(3) if value is None else value for value in values], "float32")
