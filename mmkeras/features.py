"""Rows -> features on disk, memory-mapped -> batches for `model.fit`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd

from mmkeras import ragged
from mmkeras.modalities.text.modality import TextLayers, TextRule, TextState, adapt, bags, hash_texts, new_table
from mmkeras.ragged import Ragged

WINDOW = 50  # batches among which rows are sorted by length, so that little padding is computed


@dataclass(frozen=True)
class TextFeatures:
    """One text column. cut: share of the training texts that were longer than `max_bytes`."""

    state: TextState
    train: Ragged
    validation: Ragged
    cut: float


def text_features(name: str, train: pd.Series, validation: pd.Series, rule: TextRule, folder: Path) -> TextFeatures:
    """Adapt a text column on its training rows; write both sides' bags below `folder`; open them memory-mapped."""
    table = new_table(rule)
    texts = hash_texts(train.tolist(), rule, table)
    state = adapt(texts, rule, table)
    layers = TextLayers(state, name)
    sides = {"train": texts, "validation": hash_texts(validation.tolist(), rule, table)}
    for side, hashed in sides.items():
        ragged.save(bags(hashed, layers), folder / name / side)
    opened = {side: ragged.load(folder / name / side) for side in sides}
    return TextFeatures(state, opened["train"], opened["validation"], texts.cut / max(len(train), 1))


class Batches(keras.utils.PyDataset):
    """Batches of bags: ({<name>_rows [b, F], <name>_weights [b, F]}, one-hot labels [b, classes][, row weights [b]]).

    Shuffled by (seed, epoch) alone, so that a resumed training sees what an uninterrupted one would have seen.
    """

    def __init__(self, sides: dict[str, Ragged], targets: np.ndarray, batch_size: int, **options: Any) -> None:
        """Options: `seed` (None: rows stay in order), `epoch` to begin with, `row_weights` float32 [n]."""
        super().__init__()
        self.sides, self.targets, self.batch_size = sides, targets, batch_size
        self.seed, self.epoch = options.get("seed"), options.get("epoch", 0)
        self.row_weights = options.get("row_weights")
        self.lengths = sum(side.lengths for side in sides.values())
        self._deal()

    def _deal(self) -> None:
        """Deal the rows into batches: shuffle, sort within windows, shuffle the batches."""
        n = len(self.targets)
        if self.seed is None:
            order = np.argsort(self.lengths, kind="stable")
            self.order = [order[i : i + self.batch_size] for i in range(0, n, self.batch_size)]
            return
        rng = np.random.default_rng((self.seed, self.epoch))
        order, window = rng.permutation(n), WINDOW * self.batch_size
        order = np.concatenate(
            [part[np.argsort(self.lengths[part], kind="stable")] for part in np.split(order, range(window, n, window))]
        )
        batches = [order[i : i + self.batch_size] for i in range(0, n, self.batch_size)]
        self.order = [batches[i] for i in rng.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        rows = self.order[index]
        inputs = {}
        for name, side in self.sides.items():
            inputs[f"{name}_rows"], inputs[f"{name}_weights"] = side.take(rows).padded()
        if self.row_weights is None:
            return inputs, self.targets[rows]
        return inputs, self.targets[rows], self.row_weights[rows]

    def on_epoch_end(self) -> None:
        self.epoch += 1
        if self.seed is not None:
            self._deal()
