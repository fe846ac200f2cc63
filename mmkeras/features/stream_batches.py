"""Batches of one long stream of tokens, cut into rows that continue from batch to batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.errors import InputError
from mmkeras.features.dataset import generator_dataset


def tile_short_stream(stream: np.ndarray, batch: int) -> np.ndarray:
    """A held-out stream for `batch` rows: one that is too short is repeated, so that each row reads the whole."""
    return np.tile(stream, batch) if 2 <= len(stream) < 2 * batch else stream


class StreamBatches:
    """Batches of a stream, for `model.fit`: row b of a batch continues row b of the batch before.

    A batch is (tokens int32 [batch, steps], the next tokens int32 [batch, steps]); the last one has fewer steps, and up
    to `batch` tokens at the end of the stream belong to no row. EOS stands before the first token.
    """

    def __init__(self, stream: np.ndarray, batch: int, steps: int, name: str = "the text") -> None:
        """stream: int32 [n]. name: of the text. Raises InputError for a stream of fewer than two tokens a row."""
        if len(stream) < 2 * batch:
            fewer = f", or --batch-size {len(stream) // 2} at most" if len(stream) > 1 else ""
            raise InputError(
                f"{name}: {len(stream)} tokens are too few for {batch} rows of at least two tokens. "
                f"Give more text{fewer}."
            )
        length = len(stream) // batch
        used = np.concatenate([[EOS], stream[: length * batch]]).astype("int32")
        self.inputs = used[:-1].reshape(batch, length)  # [batch * length] -> [batch, length]
        self.targets = used[1:].reshape(batch, length)
        self.starts = range(0, length, steps)
        self.batch, self.steps = batch, steps

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in self.starts:
            cut = slice(start, start + self.steps)
            yield self.inputs[:, cut], self.targets[:, cut]

    def dataset(self) -> Any:
        """The dataset for `fit`; each pass begins at the start of the stream."""
        spec = tf.TensorSpec((self.batch, None), tf.int32)
        return generator_dataset(lambda: self, (spec, spec), len(self))
