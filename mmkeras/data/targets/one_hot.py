"""Classes as one-hot rows that are made when they are asked for: a row takes 4 bytes, not 4 for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OneHot:
    """Acts as an array, float32 [n, width], where a training needs one: rows are taken, and the classes told.

    classes: int32 [n]; -1 is an unknown class, a row of zeros.
    """

    classes: np.ndarray
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """[n, width]."""
        return len(self.classes), self.width

    def __len__(self) -> int:
        return len(self.classes)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """float32 [rows, width]. rows: a slice, or an index array."""
        return (self.classes[rows][:, None] == np.arange(self.width)).astype("float32")  # [rows, 1] == [width]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """All rows at once, for tables that are small, and for tests."""
        return self[:].astype(dtype or "float32", copy=False)

    def argmax(self, axis: int = 1) -> np.ndarray:
        """int64 [n]: the class of each row; 0 for an unknown one, as of a row of zeros."""
        return np.maximum(self.classes, 0).astype("int64")
