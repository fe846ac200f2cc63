"""Rows with a target text -> batches for `model.fit`: inputs, the target shifted right, and the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.data.targets.target_tokenizer import EOS, TargetTokenizer
from mmkeras.features.batches import Batches
from mmkeras.features.column_features import ColumnFeatures
from mmkeras.features.dataset import generator_dataset
from mmkeras.features.ragged import Ragged

WRITTEN = "written"  # input of the core: the tokens before each position


def as_rows(texts: Sequence[str], tokenizer: TargetTokenizer, max_target: int) -> tuple[Ragged, int]:
    """The tokens of each text, int32, at most `max_target` and EOS behind them; and the number of texts cut."""
    rows, cut = [], 0
    for text in texts:
        tokens = tokenizer.encode(text)
        cut += len(tokens) > max_target
        rows.append([*tokens[:max_target], EOS])
    starts = np.r_[0, np.cumsum([len(row) for row in rows])]
    return Ragged(starts, (np.fromiter((token for row in rows for token in row), "int32", int(starts[-1])),)), cut


class TextBatches(Batches):
    """Batches: (arrays by input name with `written` int32 [b, T], the next tokens int32 [b, T], weights [b, T]).

    A weight is 1.0 for a token or the EOS of the text, 0.0 for padding. Otherwise as `Batches`.
    """

    def __init__(
        self,
        features: Sequence[ColumnFeatures],
        texts: Ragged,
        batch_size: int,
        seed: int | None,
        few_shapes: bool = False,
    ) -> None:
        """texts: of `as_rows`. The other arguments are those of `Batches`."""
        self.texts = texts
        super().__init__(features, np.zeros((len(texts), 1), "float32"), batch_size, seed, None, few_shapes)
        self.lengths = self.lengths + texts.lengths
        self.on_epoch_begin(0)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        rows = self.order[index]
        arrays = [column.batch(rows, self.few_shapes) for column in self.features]
        inputs = {name: array for by_name in arrays for name, array in by_name.items()}
        texts = self.texts.take(rows)
        longest = int(texts.lengths.max())
        (targets,) = texts.padded(1 << (longest - 1).bit_length() if self.few_shapes else longest)  # [b, T]
        weights = (np.arange(targets.shape[1]) < texts.lengths[:, None]).astype("float32")
        start = np.full((len(rows), 1), EOS, "int32")
        return {**inputs, WRITTEN: np.concatenate([start, targets[:, :-1]], axis=1)}, targets, weights

    def dataset(self) -> Any:
        """The dataset for `fit` and `evaluate`."""
        specs = {name: spec for column in self.features for name, spec in column.specs().items()}
        tokens = tf.TensorSpec((None, None), tf.int32)
        signature = ({**specs, WRITTEN: tokens}, tokens, tf.TensorSpec((None, None), tf.float32))
        return generator_dataset(lambda: (self[i] for i in range(len(self))), signature, len(self))
