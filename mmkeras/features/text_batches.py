"""Rows with a text to write -> batches for `model.fit`: inputs and what is written so far, and what comes behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.data.target_tokenizer import EOS, TargetTokenizer
from mmkeras.features.batches import Batches
from mmkeras.features.column_features import ColumnFeatures
from mmkeras.features.dataset import generator_dataset
from mmkeras.features.ragged import Ragged

WRITTEN = "written"  # the core's input beside the columns'


def as_rows(texts: Sequence[str], pieces: TargetTokenizer, longest: int) -> tuple[Ragged, int]:
    """Each text's pieces and END behind them, int32, at most `longest` and END; and how many texts were cut."""
    rows, cut = [], 0
    for text in texts:
        ids = pieces.encode(text)
        cut += len(ids) > longest
        rows.append([*ids[:longest], EOS])
    starts = np.r_[0, np.cumsum([len(row) for row in rows])]
    return Ragged(starts, (np.fromiter((i for row in rows for i in row), "int32", int(starts[-1])),)), cut


class TextBatches(Batches):
    """Batches: (arrays by input name with `written` int32 [b, T], the pieces behind int32 [b, T], weights [b, T]).

    A weight is 1.0 where there is a piece or the END of the text, 0.0 behind it. Else as `Batches`.
    """

    def __init__(
        self,
        sides: Sequence[ColumnFeatures],
        texts: Ragged,
        batch_size: int,
        seed: int | None,
        few_shapes: bool = False,
    ) -> None:
        """texts: as `as_rows` gives them."""
        self.texts = texts
        super().__init__(sides, np.zeros((len(texts), 1), "float32"), batch_size, seed, None, few_shapes)
        self.lengths = self.lengths + texts.lengths
        self.on_epoch_begin(0)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        rows = self.order[index]
        inputs = {name: array for side in self.sides for name, array in side.batch(rows, self.few_shapes).items()}
        some = self.texts.take(rows)
        longest = int(some.lengths.max())
        (wanted,) = some.padded(1 << (longest - 1).bit_length() if self.few_shapes else longest)
        weights = (np.arange(wanted.shape[1]) < some.lengths[:, None]).astype("float32")
        start = np.full((len(rows), 1), EOS, "int32")
        return {**inputs, WRITTEN: np.concatenate([start, wanted[:, :-1]], axis=1)}, wanted, weights

    def dataset(self) -> Any:
        """What `fit` and `evaluate` take."""
        specs = {name: spec for side in self.sides for name, spec in side.specs().items()}
        pieces = tf.TensorSpec((None, None), tf.int32)
        signature = ({**specs, WRITTEN: pieces}, pieces, tf.TensorSpec((None, None), tf.float32))
        return generator_dataset(lambda: (self[i] for i in range(len(self))), signature, len(self))
