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

IN_BUCKET = 4
FACTORS = np.arange(1, 2**16, 2).astype("uint16").view("int16")
AT_ONCE = 2**17  # pairs of a bucket and a factor
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


def build_vocabulary(keys: np.ndarray, print_bits: int = PRINT_BITS) -> Displaced:
    """Lay out the features' keys, 32-bit numbers without repeats and without 0, the most important first.

    A few keys of hundreds of thousands find no slot and are left out: `Displaced.keys` has the others.
    """
    numbers = np.asarray(keys, "int64").astype("uint32").view("int32")
    n_rows, n_buckets = len(numbers) + 2, max(1, -(-len(numbers) // IN_BUCKET))
    bucket = place(numbers, n_buckets)
    order = np.argsort(bucket, kind="stable")  # of a bucket, the most important first
    starts = np.searchsorted(bucket[order], np.arange(n_buckets + 2))
    sizes = np.diff(starts)
    factors, owner = np.ones(n_buckets + 1, "int16"), np.full(n_rows + 1, -1, "int64")
    taken = np.zeros(n_rows + 1, bool)
    taken[[0, n_rows, place(np.zeros(1, "int32"), n_rows)[0]]] = True  # no feature; beyond; where key 0 is looked up
    shortened = np.empty(0, "int64")
    for size in range(int(sizes.max(initial=0)), 0, -1):  # the largest first, while there is room
        group = np.r_[np.flatnonzero(sizes == size), shortened]
        members = order[starts[group][:, None] + np.arange(size)]  # [buckets, size]
        factor, slots = displace(numbers[members], n_rows, taken)
        placed_ = factor >= 0
        factors[group[placed_]] = FACTORS[factor[placed_]]
        owner[slots[placed_]] = members[placed_]
        shortened = group[~placed_]  # tried again without their least important key
    is_row = owner >= 0
    prints, of_rows = prints_of(np.ones(n_rows + 1, "int32"), print_bits), np.zeros(n_rows + 1, "int64")
    prints[is_row] = prints_of(numbers[owner[is_row]], print_bits)
    of_rows[is_row] = numbers[owner[is_row]].view("uint32")
    return Displaced(factors, prints, of_rows[1:n_rows], print_bits)


def displace(keys: np.ndarray, n_rows: int, taken: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Buckets of a size, int32 [n, size] -> the index of each one's factor, -1 for none, and its slots [n, size].

    taken: bool, the slots that are in use; those of these buckets are added. Factors are tried for many buckets at
    once; of two buckets that want the same slot at the same time the first has it, and the other tries on.
    """
    n, size = keys.shape
    found, slots, next_try = np.full(n, -1), np.zeros((n, size), "int64"), np.zeros(n, "int64")
    pending = np.arange(n)
    while len(pending):
        width = max(1, AT_ONCE // len(pending))
        bucket, factor = np.repeat(pending, width), (next_try[pending][:, None] + np.arange(width)).ravel()
        bucket, factor = bucket[factor < len(FACTORS)], factor[factor < len(FACTORS)]
        chosen = np.empty((len(bucket), 0), "int64")
        for k in range(size):
            slot = place(keys[bucket, k] * FACTORS[factor].astype("int32"), n_rows)
            is_free = ~taken[slot] & (chosen != slot[:, None]).all(axis=1)
            bucket, factor = bucket[is_free], factor[is_free]
            chosen = np.c_[chosen[is_free], slot[is_free]]
        next_try[pending] += width
        bucket, first = np.unique(bucket, return_index=True)
        factor, chosen = factor[first], chosen[first]
        _, index, where = np.unique(chosen, return_index=True, return_inverse=True)
        is_first = (index[where.reshape(chosen.shape)] // size == np.arange(len(chosen))[:, None]).all(axis=1)
        next_try[bucket] = factor  # again, where another bucket was first
        accepted = bucket[is_first]
        found[accepted], slots[accepted] = factor[is_first], chosen[is_first]
        taken[chosen[is_first]] = True
        pending = pending[(found[pending] < 0) & (next_try[pending] < len(FACTORS))]
    return found, slots


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
