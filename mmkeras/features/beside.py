"""Bags with arrays of one shape beside them: both features of one column, which the batches index by row."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import tensorflow as tf

from mmkeras.features.column_features import RaggedFeatures, Specs


@dataclass(frozen=True)
class RaggedBeside(RaggedFeatures):
    """arrays: input name -> [n, …], memory-mapped or not, a row for each row of `ragged`."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        beside = {name: np.asarray(array[rows]) for name, array in self.arrays.items()}
        return {**super().batch(rows, few_shapes), **beside}

    def followed_by(self, other: Self) -> Self:
        arrays = {name: np.concatenate([array, other.arrays[name]]) for name, array in self.arrays.items()}
        return replace(super().followed_by(other), arrays=arrays)

    def specs(self) -> Specs:
        beside = {name: tf.TensorSpec((None, *a.shape[1:]), a.dtype) for name, a in self.arrays.items()}
        return {**super().specs(), **beside}
