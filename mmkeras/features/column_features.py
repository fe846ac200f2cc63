"""The features of one column in one split, which the batches of a training index by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import tensorflow as tf

from mmkeras.features.ragged import Ragged, concatenate

Specs = dict[str, tf.TensorSpec]


class ColumnFeatures(Protocol):
    """Features of one column for the rows of one split."""

    @property
    def lengths(self) -> np.ndarray:
        """Int64 [n]: the cost of each row, so that rows of similar cost share a batch."""
        ...

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        """Arrays by input name. few_shapes: pad to powers of two, for XLA, which compiles once for each shape."""
        ...

    def specs(self) -> Specs:
        """Shapes and dtypes of the arrays of `batch`; None for a free dimension."""
        ...


@dataclass(frozen=True)
class RaggedFeatures:
    """Rows of unequal length: column k of `ragged` becomes the input names[k], [b, F], F the longest of the batch."""

    names: tuple[str, ...]
    ragged: Ragged

    @property
    def lengths(self) -> np.ndarray:
        return self.ragged.lengths

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        ragged = self.ragged.take(rows)
        longest = max(1, int(ragged.lengths.max()))
        width = 1 << (longest - 1).bit_length() if few_shapes else longest
        return dict(zip(self.names, ragged.padded(width), strict=True))

    def followed_by(self, other: Self) -> Self:
        """These rows, then those of another split of the column; they are read into memory."""
        return replace(self, ragged=concatenate([self.ragged, other.ragged]))

    def specs(self) -> Specs:
        return {n: tf.TensorSpec((None, None), c.dtype) for n, c in zip(self.names, self.ragged.columns, strict=True)}


def bag_features(name: str, bags: Ragged) -> RaggedFeatures:
    """Bags of text: <name>_rows int32 [b, F] and <name>_weights float32 [b, F]."""
    return RaggedFeatures((f"{name}_rows", f"{name}_weights"), bags)


def bags_in(features: Sequence[ColumnFeatures], name: str) -> Ragged:
    """The bags (table rows and weights) of a text column, among the features of all columns."""
    return next(f.ragged for f in features if isinstance(f, RaggedFeatures) and f.names[0] == f"{name}_rows")


@dataclass(frozen=True)
class ArrayFeatures:
    """Arrays of one shape for all rows, memory-mapped or not.

    arrays: input name -> [u, …]. index: int32 [n], the entry (of u) of each row, -1 for zeros; None: row i has entry i.
    """

    arrays: dict[str, np.ndarray]
    index: np.ndarray | None = None

    @property
    def lengths(self) -> np.ndarray:
        n = len(next(iter(self.arrays.values()))) if self.index is None else len(self.index)
        return np.zeros(n, "int64")  # all rows cost the same

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        if self.index is None:
            return {name: np.asarray(array[rows]) for name, array in self.arrays.items()}
        index = self.index[rows]
        present = index >= 0  # bool [b]
        batch = {}
        for name, array in self.arrays.items():
            batch[name] = np.zeros((len(rows), *array.shape[1:]), array.dtype)
            batch[name][present] = array[index[present]]
        return batch

    def specs(self) -> Specs:
        return {name: tf.TensorSpec((None, *a.shape[1:]), a.dtype) for name, a in self.arrays.items()}
