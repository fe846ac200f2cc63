"""Memory-mapped features -> batches for `model.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.data.targets.one_hot import Encoded
from mmkeras.features.column_features import ColumnFeatures
from mmkeras.features.dataset import generator_dataset

WINDOW = 16  # batches whose rows are sorted by length together, so that little padding is computed


class Batches(keras.callbacks.Callback):
    """Batches: (arrays by input name, targets [b, outputs], row weights [b]).

    `fit` needs both: `model.fit(batches.dataset(), callbacks=[batches])`. The callback receives the number of the
    epoch; the order of rows is a function of seed and epoch, so that a resumed training gets the same batches.
    (A keras.utils.PyDataset takes its shapes from its first batches and fails where these happen to be equally wide.)
    """

    def __init__(
        self,
        features: Sequence[ColumnFeatures],
        targets: Encoded,
        batch_size: int,
        seed: int | None,
        row_weights: np.ndarray | None,
        few_shapes: bool = False,
    ) -> None:
        """features: of each input column. targets: float32 [n, outputs], such as one-hot labels. seed: None for rows in
        order of length. row_weights: float32 [n], None for all 1.

        few_shapes: pad to powers of two, for XLA, which compiles once for each shape.
        """
        super().__init__()
        self.features, self.targets, self.batch_size, self.seed = features, targets, batch_size, seed
        self.few_shapes = few_shapes
        self.row_weights = np.ones(len(targets), "float32") if row_weights is None else row_weights
        self.lengths = np.sum([column.lengths for column in features], axis=0)
        self.on_epoch_begin(0)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Choose the batches of the epoch: shuffle rows, sort by length within windows, shuffle the batches."""
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
        arrays = [column.batch(rows, self.few_shapes) for column in self.features]
        inputs = {name: array for by_name in arrays for name, array in by_name.items()}
        return inputs, self.targets[rows], self.row_weights[rows]

    def dataset(self) -> tf.data.Dataset:
        """The dataset for `fit`, `evaluate` and `predict`; each pass follows the order of its epoch."""
        specs = {name: spec for column in self.features for name, spec in column.specs().items()}
        targets = tf.TensorSpec((None, self.targets.shape[1]), tf.float32)
        signature = (specs, targets, tf.TensorSpec((None,), tf.float32))
        return generator_dataset(lambda: (self[i] for i in range(len(self))), signature, len(self))


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Consecutive slices of `size` rows; the last one may be shorter."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]
