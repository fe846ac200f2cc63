"""Rows -> features on disk, memory-mapped -> batches for `model.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.features.column_features import ColumnFeatures
from mmkeras.features.dataset import generator_dataset

WINDOW = 16  # batches among which rows are sorted by length, so that little padding is computed


class Batches(keras.callbacks.Callback):
    """Batches: (arrays by input name, targets [b, classes] (one-hot labels), row weights [b]).

    Give `fit` both: `model.fit(batches.dataset(), callbacks=[batches])`. As a callback it learns the number of the
    epoch, of which, with the seed, the order of rows is a function: a resumed training sees the same batches.
    (A keras.utils.PyDataset takes its shapes from its first batches, and fails where those happen to be equally wide.)
    """

    def __init__(
        self,
        sides: Sequence[ColumnFeatures],
        targets: np.ndarray,
        batch_size: int,
        seed: int | None,
        row_weights: np.ndarray | None,
        few_shapes: bool = False,
    ) -> None:
        """targets: float32 [n, classes]; seed None: rows in order of length; row_weights: float32 [n], None for all 1.

        few_shapes: pad to powers of two, for XLA, which compiles anew for each shape.
        """
        super().__init__()
        self.sides, self.targets, self.batch_size, self.seed = sides, targets, batch_size, seed
        self.few_shapes = few_shapes
        self.row_weights = np.ones(len(targets), "float32") if row_weights is None else row_weights
        self.lengths = np.sum([side.lengths for side in sides], axis=0)
        self.on_epoch_begin(0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Deal the rows into batches: shuffle, sort by length within windows, shuffle the batches."""
        n, size = len(self.targets), self.batch_size
        if self.seed is None:
            self.order = _cut(np.argsort(self.lengths, kind="stable"), size)
            return
        rng = np.random.default_rng((self.seed, epoch))
        windows = _cut(rng.permutation(n), WINDOW * size)
        batches = [b for w in windows for b in _cut(w[np.argsort(self.lengths[w], kind="stable")], size)]
        self.order = [batches[i] for i in rng.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        rows = self.order[index]
        inputs = {name: array for side in self.sides for name, array in side.batch(rows, self.few_shapes).items()}
        return inputs, self.targets[rows], self.row_weights[rows]

    def dataset(self) -> tf.data.Dataset:
        """What `fit`, `evaluate` and `predict` take; each pass over it reads the order of its epoch."""
        specs = {name: spec for side in self.sides for name, spec in side.specs().items()}
        targets = tf.TensorSpec((None, self.targets.shape[1]), tf.float32)
        signature = (specs, targets, tf.TensorSpec((None,), tf.float32))
        return generator_dataset(lambda: (self[i] for i in range(len(self))), signature, len(self))


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in pieces of `size`, the last one shorter."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]
