"""Keys -> rows and TF-IDF weights, version 2: rows in any order, four bytes a feature for the two."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.version2.numbers import gathered, scatter, size
from mmkeras.modalities.text.version2.vocabulary import Displaced, slots_of
from mmkeras.system.packed import packed, unpacked

IDF_UNIT = 2.0**-10  # an inverse document frequency is a whole number of these, at most 2**15 - 1


@keras.saving.register_keras_serializable("mmkeras")
class WeighedRows(keras.layers.Layer):
    """Keys -> row numbers and weights: square root of the term frequency times idf, L2-normalised.

    Call: int32 [B, F], 0 for no feature -> int32 [B, F], the rows, 0 for unknown features, and float32 [B, F], the
    weights. A feature that occurs c times has c entries; each gets idf / sqrt(c), so that the entries of a feature sum
    to idf * sqrt(c), and the squared length of the bag is the sum of idf ** 2 over all entries.

    A row's idf and the low 16 bits of its key, by which it is known, are the high and the low half of one number, so
    that one gather has both; as an idf the whole number is taken, whose low half changes it by less than IDF_UNIT.

    Equal rows are counted by adding ones to `counters`, of which each serves as many rows: with 8,192 of them, of a
    text of 500 known features about 30 share one with another, and count as two. Up to so many rows the count is exact.
    """

    def __init__(self, vocabulary: Displaced, idf: np.ndarray, counters: int, **kwargs: Any) -> None:
        """idf: float [n_rows], 0 for row 0, which is "no feature", and for unused rows."""
        super().__init__(**{**kwargs, "trainable": False})
        self.vocabulary, self.counters = vocabulary, counters
        self.units = np.round(np.asarray(idf, "float64") / IDF_UNIT).astype("int16")
        high = np.r_[self.units, 0].astype("int32") * 2**16
        self.both = high + vocabulary.prints.view("uint16").astype("int32")  # [n_rows + 1]
        self.captured: Tensor = None

    @property
    def idf(self) -> np.ndarray:
        """Float32 [n_rows]: the idf of each row, in units of IDF_UNIT / 2**16."""
        return self.both[:-1].astype("float32")

    def counters_of(self, rows: np.ndarray) -> np.ndarray:
        """The counter of each row, int32, as `call` computes it."""
        if self.vocabulary.n_rows <= self.counters:
            return rows
        return (rows.astype("float32") * self.step).astype("int32")

    @property
    def step(self) -> np.float32:
        """Counters a row."""
        return np.float32(self.counters / self.vocabulary.n_rows)

    def call(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        place = slots_of(keys, self.vocabulary)
        slot, n_rows = ops.cast(place, "int32"), self.vocabulary.n_rows
        idf, known = self.idf_of(keys, slot)
        counter = ops.cast(place * self.step, "int32") if n_rows > self.counters else slot
        counts = scatter(counter, known, min(n_rows, self.counters), size(keys, 0))
        times = gathered(counts, counter)
        squares = ops.sum(idf * idf, axis=1, keepdims=True)
        weights = idf * ops.rsqrt(times * squares + 1.0)  # + 1 against 1 / 0: negligible in these units
        return ops.cast(place * known, "int32"), weights

    def idf_of(self, keys: Tensor, slot: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and their slots, int32 [B, F] -> the idf, 0 for an unknown key, and 1.0 for a known one."""
        both = tf.gather(self.shared_both(), slot)
        known = ops.cast(tf.equal(tf.cast(both, "int16"), tf.cast(keys, "int16")), "float32")
        return ops.cast(both, "float32") * known, known

    def shared_both(self) -> Any:
        """`both` as a tensor that each trace of the model captures: as a constant each of a dozen would have a copy."""
        if self.captured is None:
            with tf.init_scope():
                self.captured = tf.constant(self.both)
        return self.captured

    def get_config(self) -> dict[str, Any]:
        config = {"vocabulary": self.vocabulary.config(), "units": packed(self.units), "counters": self.counters}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WeighedRows:
        idf = unpacked(config.pop("units")) * IDF_UNIT  # exact: whole numbers of a power of two
        return cls(**{**config, "vocabulary": Displaced.from_config(config["vocabulary"]), "idf": idf})
