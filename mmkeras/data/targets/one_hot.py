"""Classes and labels as rows of 0 and 1 that are made when they are asked for.

A row of classes takes 4 bytes, not 4 for each class; a row of labels takes a bit for each label, not 4 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True)
class MultiHot:
    """Acts as an array, float32 [n, width] of 0 and 1, where a training needs one: rows are taken.

    bits: uint8 [n, width / 8, rounded up].
    """

    bits: np.ndarray
    width: int

    @classmethod
    def of(cls, parts: Sequence[np.ndarray], width: int) -> MultiHot:
        """Consecutive rows of 0 and 1. parts: [n of the part, width] each."""
        bits = [np.packbits(part != 0, axis=1) for part in parts]
        return cls(np.concatenate(bits) if bits else np.zeros((0, -(-width // 8)), "uint8"), width)

    @property
    def shape(self) -> tuple[int, int]:
        """[n, width]."""
        return len(self.bits), self.width

    def __len__(self) -> int:
        return len(self.bits)

    def __getitem__(self, rows: Any) -> np.ndarray:
        """float32 [rows, width]. rows: a slice, or an index array."""
        return np.unpackbits(self.bits[rows], axis=1, count=self.width).astype("float32")

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """All rows at once, for tables that are small, and for tests."""
        return self[:].astype(dtype or "float32", copy=False)

    def argmax(self, axis: int = 1) -> np.ndarray:
        """int64 [n]: the first label of each row; 0 for a row of zeros."""
        return np.unpackbits(self.bits, axis=1, count=self.width).argmax(axis)


Encoded = np.ndarray | OneHot | MultiHot
"""Targets of the rows of a split, float32 [n, outputs], or what acts as such an array."""
