"""TF-IDF weights of a bag's features, version 2: rows in any order, two bytes a feature."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, look_up
from mmkeras.modalities.text.second.numbers import scatter
from mmkeras.system.packed import packed, unpacked

IDF_UNIT = 2.0**-10  # an inverse document frequency is stored as a whole number of these, at most 2**15 - 1


@keras.saving.register_keras_serializable("mmkeras")
class CountedTfIdf(keras.layers.Layer):
    """Row numbers -> weights: square root of the term frequency times inverse document frequency, L2-normalised.

    Call: int32 [B, F] row numbers, 0 for none -> float32 [B, F]. A feature that occurs c times has c entries; each gets
    idf / sqrt(c), so that the entries of a feature sum to idf * sqrt(c), and the squared length of the bag is the sum
    of idf ** 2 over all entries.

    Equal rows are counted by adding ones to `counters`, of which each serves as many rows: with 8,192 of them, of a
    text of 500 known features about 30 share one with another, and count as two. Up to so many rows the count is exact.
    """

    def __init__(self, idf: np.ndarray, counters: int, **kwargs: Any) -> None:
        """idf: float [n_rows], 0 for row 0, which is "no feature", and for unused rows."""
        super().__init__(**{**kwargs, "trainable": False})
        self.counters = counters
        self.idf = np.round(np.asarray(idf, "float64") / IDF_UNIT).astype("int16")

    def counters_of(self, rows: np.ndarray) -> np.ndarray:
        """The counter of each row, int32, as `call` computes it."""
        n_rows = len(self.idf)
        if n_rows <= self.counters:
            return rows
        return (rows.astype("float32") * np.float32(self.counters / n_rows)).astype("int32")

    def call(self, rows: Tensor) -> Tensor:
        n_rows = len(self.idf)
        counter = rows
        if n_rows > self.counters:
            counter = ops.cast(ops.cast(rows, "float32") * np.float32(self.counters / n_rows), "int32")
        counts = scatter(counter, ops.minimum(rows, 1), min(n_rows, self.counters))
        times = ops.cast(tf.gather(counts, counter, batch_dims=1), "float32")
        idf = look_up(self.idf, rows)
        squares = ops.sum(idf * idf, axis=1, keepdims=True)
        return idf * ops.rsqrt(times * squares + 1.0)  # + 1 against 1 / 0; negligible, an idf is at least 1 / IDF_UNIT

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "idf": packed(self.idf), "counters": self.counters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CountedTfIdf:
        return cls(**{**config, "idf": unpacked(config["idf"]) * IDF_UNIT})  # exact: whole numbers of a power of two
