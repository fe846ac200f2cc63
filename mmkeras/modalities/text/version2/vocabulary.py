"""A vocabulary inside the graph: keys of features -> row numbers, by hashing and displacing.

Keys are hashed into buckets of about four. A bucket has one odd number, chosen so that its keys, multiplied by it
modulo 2**32, fall into slots of their own (hash and displace: Belazzougui, Botelho & Dietzfelbinger 2009). The slot is
the row number. So a look-up is two gathers; the table has hardly more rows than features, and the file two bytes and a
half a feature: the low 16 bits of its key, and its share of the bucket's number. An unknown feature is mistaken for a
known one with probability 2**-16, 0.000015. (Under a size budget 12 bits are kept: 2**-12, 0.00024.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.version2.few_nodes import LARGE_TABLES
from mmkeras.system.packed import packed, unpacked

HALF = np.float32(2**31)
PRINT_BITS = 16


@dataclass(frozen=True)
class Displaced:
    """factors: int16 [buckets + 1]; prints: int16 [rows + 1]; keys: int64 [rows - 1], of rows 1 …, 0 for an unused row.

    rows: number of row numbers; 0 stands for no feature. print_bits: low bits of a key that its print has, which are
    the high bits of the print; the others are 0.
    """

    factors: np.ndarray
    prints: np.ndarray
    keys: np.ndarray
    print_bits: int = PRINT_BITS

    @property
    def size(self) -> int:
        """Number of known features."""
        return int(np.count_nonzero(self.keys))

    @property
    def n_rows(self) -> int:
        """Number of rows of a table of its features, row 0 for no feature among them."""
        return len(self.prints) - 1

    def rows_of(self, keys: np.ndarray) -> np.ndarray:
        """uint32 keys -> int32 rows, 0 for an unknown one: what `FindRows` computes, its mistakes too."""
        numbers = keys.astype("uint32").view("int32")
        factor = self.factors[place(numbers, len(self.factors) - 1)].astype("int32")
        slot = place(numbers * factor, self.n_rows)
        return np.where(self.prints[slot] == prints_of(numbers, self.print_bits), slot, 0).astype("int32")

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, as arrays by name."""
        arrays = {"factors": self.factors, "prints": self.prints, "keys": self.keys}
        return arrays if self.print_bits == PRINT_BITS else {**arrays, "print_bits": np.array(self.print_bits)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Displaced:
        """The vocabulary of `arrays`."""
        bits = int(arrays["print_bits"]) if "print_bits" in arrays else PRINT_BITS
        return cls(arrays["factors"], arrays["prints"], arrays["keys"], bits)

    def config(self) -> dict[str, Any]:
        """What a look-up needs of it, as JSON: all but the keys."""
        config = {"factors": packed(self.factors), "prints": packed(self.prints)}
        return config if self.print_bits == PRINT_BITS else {**config, "print_bits": self.print_bits}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Displaced:
        """The vocabulary of `config`, without its keys."""
        bits = config.get("print_bits", PRINT_BITS)
        return cls(unpacked(config["factors"]), unpacked(config["prints"]), np.zeros(0, "int64"), bits)


def prints_of(keys: np.ndarray, bits: int) -> np.ndarray:
    """Int32 keys -> their prints, int16: the low `bits` bits, in the high ones."""
    return (keys << np.int32(PRINT_BITS - bits)).astype("int16")


def place(keys: np.ndarray, count: int) -> np.ndarray:
    """Int32 keys -> 0 … count, in proportion to their value: as the graph computes it, in float32."""
    shifted = keys.astype("float32") + HALF
    return (shifted * np.float32(count / 2**32)).astype("int32")


@keras.saving.register_keras_serializable("mmkeras")
class FindRows(keras.layers.Layer):
    """Keys -> row numbers.

    Call: int32 [B, F], 0 for no feature -> int32 [B, F]: the rows of known features (shifted by `unknown_buckets`),
    1 … unknown_buckets for unknown ones (by their key; without buckets 0), 0 for no feature.
    """

    def __init__(self, vocabulary: Displaced, unknown_buckets: int = 0, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.vocabulary, self.unknown_buckets = vocabulary, unknown_buckets

    def call(self, keys: Tensor) -> Tensor:
        slot = ops.cast(slots_of(keys, self.vocabulary), "int32")
        is_known = ops.cast(tf.equal(tf.gather(self.vocabulary.prints, slot), tf.cast(keys, "int16")), "int32")
        row = slot * is_known
        if not self.unknown_buckets:
            return row
        is_used = ops.cast(tf.not_equal(keys, 0), "int32")
        shifted = ops.cast(keys, "float32") + HALF
        bucket = ops.minimum(placed(shifted, self.unknown_buckets), self.unknown_buckets - 1.0)
        other = ops.cast(bucket, "int32") + 1
        return is_used * (is_known * (row + self.unknown_buckets) + (1 - is_known) * other)

    def get_config(self) -> dict[str, Any]:
        config = {"vocabulary": self.vocabulary.config(), "unknown_buckets": self.unknown_buckets}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FindRows:
        return cls(**{**config, "vocabulary": Displaced.from_config(config["vocabulary"])})


def slots_of(keys: Tensor, vocabulary: Displaced) -> Tensor:
    """Int32 [B, F], keys -> the only row that each can have, float32 [B, F]."""
    bucket = ops.cast(placed(ops.cast(keys, "float32") + HALF, len(vocabulary.factors) - 1), "int32")
    factors = vocabulary.factors.astype("int32") if LARGE_TABLES.get() else vocabulary.factors
    factor = ops.cast(tf.gather(factors, bucket), "int32")
    return ops.floor(placed(ops.cast(keys * factor, "float32") + HALF, vocabulary.n_rows))


def placed(shifted: Tensor, count: int) -> Tensor:
    """`place` in the graph, before it is cut to a whole number, of float32 keys + HALF.

    A sum and then a product: nothing may fuse them and round once.
    """
    return shifted * np.float32(count / 2**32)
