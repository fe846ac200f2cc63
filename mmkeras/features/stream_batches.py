"""A text file -> one long stream of pieces, cut into rows that go on from batch to batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.data.target_tokenizer import EOS
from mmkeras.errors import InputError
from mmkeras.features.dataset import generator_dataset


def enough(stream: np.ndarray, batch: int) -> np.ndarray:
    """A stream to measure by; of one that is too short for so many rows, each row reads the whole."""
    return np.tile(stream, batch) if 2 <= len(stream) < 2 * batch else stream


class StreamBatches:
    """Batches of a stream, for `model.fit`: row b of one goes on where row b of the one before ended.

    Each is (pieces int32 [batch, steps], the pieces behind them int32 [batch, steps]); the last has fewer steps, and
    up to `batch` pieces at the stream's end belong to no row. An END stands before the first.
    """

    def __init__(self, stream: np.ndarray, batch: int, steps: int, name: str = "the text") -> None:
        """stream: int32 [n]; name: of its text. Raises InputError where it is shorter than two pieces a row."""
        if len(stream) < 2 * batch:
            fewer = f", or --batch-size {len(stream) // 2} at most" if len(stream) > 1 else ""
            raise InputError(
                f"{name}: {len(stream)} pieces are too few for {batch} rows that are read side by side, of two at "
                f"least. Give more text{fewer}."
            )
        length = len(stream) // batch
        used = np.concatenate([[EOS], stream[: length * batch]]).astype("int32")
        self.given = used[:-1].reshape(batch, length)  # [batch * length] -> [batch, length]
        self.wanted = used[1:].reshape(batch, length)
        self.starts = range(0, length, steps)
        self.batch, self.steps = batch, steps

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in self.starts:
            cut = slice(start, start + self.steps)
            yield self.given[:, cut], self.wanted[:, cut]

    def dataset(self) -> Any:
        """What `fit` takes; each pass begins at the stream's start."""
        spec = tf.TensorSpec((self.batch, None), tf.int32)
        return generator_dataset(lambda: self, (spec, spec), len(self))
