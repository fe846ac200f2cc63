"""Rows -> features on disk, memory-mapped -> batches for `model.fit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from mmkeras import ragged
from mmkeras.modalities.text.modality import (
    TextLayers,
    TextState,
    adapt,
    bags,
    hash_texts,
    new_table,
    text_hasher,
)
from mmkeras.modalities.text.rule import TextRule
from mmkeras.ragged import Ragged

WINDOW = 16  # batches among which rows are sorted by length, so that little padding is computed


class Side(Protocol):
    """The features of one column's rows on one side of the split, as the training's batches ask for them."""

    @property
    def lengths(self) -> np.ndarray:
        """Int64 [n]: what each row costs, so that rows of like cost share a batch."""
        ...

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        """Arrays by input name. few_shapes: pad to powers of two, for XLA, which compiles anew for each shape."""
        ...

    def specs(self) -> dict[str, tf.TensorSpec]:
        """What `batch` gives: shapes, None where free, and dtypes."""
        ...


@dataclass(frozen=True)
class BagSide:
    """Bags of text: {<name>_rows int32 [b, F], <name>_weights float32 [b, F]}, F the longest bag of the batch."""

    name: str
    bags: Ragged

    @property
    def lengths(self) -> np.ndarray:
        return self.bags.lengths

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        bags = self.bags.take(rows)
        longest = max(1, int(bags.lengths.max()))
        width = 1 << (longest - 1).bit_length() if few_shapes else longest
        return dict(zip(self._names(), bags.padded(width), strict=True))

    def specs(self) -> dict[str, tf.TensorSpec]:
        dtypes = (tf.int32, tf.float32)
        return {n: tf.TensorSpec((None, None), t) for n, t in zip(self._names(), dtypes, strict=True)}

    def _names(self) -> tuple[str, str]:
        return f"{self.name}_rows", f"{self.name}_weights"


@dataclass(frozen=True)
class ArraySide:
    """Arrays of one shape for all rows, memory-mapped or not. arrays: input name -> [n, …]."""

    arrays: dict[str, np.ndarray]

    @property
    def lengths(self) -> np.ndarray:
        return np.zeros(len(next(iter(self.arrays.values()))), "int64")  # all rows cost the same

    def batch(self, rows: np.ndarray, few_shapes: bool) -> dict[str, np.ndarray]:
        return {name: np.asarray(array[rows]) for name, array in self.arrays.items()}

    def specs(self) -> dict[str, tf.TensorSpec]:
        return {name: tf.TensorSpec((None, *a.shape[1:]), a.dtype) for name, a in self.arrays.items()}


@dataclass(frozen=True)
class TextFeatures:
    """One text column. cut: share of the training texts that were longer than `max_bytes`."""

    state: TextState
    train: BagSide
    validation: BagSide
    cut: float


def text_features(name: str, train: pd.Series, validation: pd.Series, rule: TextRule, folder: Path) -> TextFeatures:
    """Adapt a text column on its training rows; write both sides' bags below `folder`; open them memory-mapped."""
    table = new_table(rule)
    hasher = text_hasher(rule, table)
    texts = hash_texts(train.tolist(), rule, table, hasher)
    state = adapt(texts, rule, table)
    layers = TextLayers(state, name)
    sides = {"train": texts, "validation": hash_texts(validation.tolist(), rule, table, hasher)}
    for side, hashed in sides.items():
        ragged.save(bags(hashed, layers), folder / name / side)
    opened = {side: BagSide(name, ragged.load(folder / name / side)) for side in sides}
    return TextFeatures(state, opened["train"], opened["validation"], texts.cut / max(len(train), 1))


class Batches(keras.callbacks.Callback):
    """Batches: (arrays by input name, targets [b, classes] (one-hot labels), row weights [b]).

    Give `fit` both: `model.fit(batches.dataset(), callbacks=[batches])`. As a callback it learns the number of the
    epoch, of which, with the seed, the order of rows is a function: a resumed training sees the same batches.
    (A keras.utils.PyDataset takes its shapes from its first batches, and fails where those happen to be equally wide.)
    """

    def __init__(
        self,
        sides: Sequence[Side],
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
        batches = tf.data.Dataset.from_generator(
            lambda: (self[i] for i in range(len(self))), output_signature=signature
        )
        return batches.apply(tf.data.experimental.assert_cardinality(len(self))).prefetch(2)


def _cut(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in pieces of `size`, the last one shorter."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]
