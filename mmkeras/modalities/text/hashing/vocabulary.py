"""A vocabulary inside the graph: token hashes -> row numbers, by cuckoo hashing.

Cuckoo hashing (Pagh & Rodler 2004): every feature of the vocabulary lies in one of two cells, whose addresses are bits
of its two hashes, so a look-up is two gathers and two comparisons, whatever the vocabulary's size. With k extra bits:

    cell A = h1 * 2**k + high k bits of h2,   and the low 12 - k bits of h2 remain to be compared
    cell B = h2 * 2**k + high k bits of h1,   likewise

A cell holds `row * 2**(12 - k) + rest`; an empty one holds 0. So the whole 24-bit hash is compared: an unknown feature
is mistaken for a known one with probability size / 2**24, and two known features never share a cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, equal, look_up, split_number
from mmkeras.modalities.text.hashing.tokenizer import SECOND
from mmkeras.system.packed import packed, unpacked

HASH_BITS = 12  # of each of the two hashes
MOST_ROWS = 230_000  # above a load of 0.45 two-choice cuckoo tables begin to overflow
PATIENCE = 500  # displacements before a feature is left out


@dataclass(frozen=True)
class Vocabulary:
    """cells: int32 [2, 2**(12 + bits)]; keys: int64 [size], `h1 * 4096 + h2` of rows 1 … size; 0 = no feature."""

    cells: np.ndarray
    keys: np.ndarray
    bits: int

    @property
    def size(self) -> int:
        """Number of known features; row numbers are 1 … size."""
        return len(self.keys)

    def arrays(self) -> dict[str, np.ndarray]:
        """All of it, as arrays by name."""
        return {"cells": self.cells, "keys": self.keys, "bits": np.array(self.bits)}

    def config(self) -> dict[str, Any]:
        """What a look-up needs of it, as JSON: all but the keys."""
        return {"cells": packed(self.cells), "bits": self.bits}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Vocabulary:
        """The vocabulary of `config`, without its keys."""
        return cls(unpacked(config["cells"]), np.zeros(0, "int64"), config["bits"])


def addresses(keys: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Keys -> int64 [2, n], each key's cell in A and in B, and int64 [2, n], the bits to compare in that cell."""
    low = HASH_BITS - bits
    h1, h2 = keys >> HASH_BITS, keys & (2**HASH_BITS - 1)
    rest = 2**low - 1
    return np.stack([(h1 << bits) + (h2 >> low), (h2 << bits) + (h1 >> low)]), np.stack([h2 & rest, h1 & rest])


def build_vocabulary(keys: np.ndarray) -> Vocabulary:
    """Lay out the features' keys (int, the most important first, no repeats; at most MOST_ROWS are used).

    A few keys (47 of 200,000) get no cell and are left out: `Vocabulary.keys` has the others.
    """
    keys = np.asarray(keys, "int64")[:MOST_ROWS]
    bits = next(k for k in range(HASH_BITS) if len(keys) <= 0.45 * 2 ** (HASH_BITS + 1 + k))
    cell, rest = addresses(keys, bits)
    owner = _assign_cells(cell, 2 ** (HASH_BITS + bits))
    is_placed = np.zeros(len(keys), bool)
    is_placed[owner[owner >= 0]] = True
    row = np.cumsum(is_placed)
    cells = np.zeros(owner.shape, "int32")
    for table in (0, 1):
        occupied = np.flatnonzero(owner[table] >= 0)
        key = owner[table, occupied]
        cells[table, occupied] = (row[key] << (HASH_BITS - bits)) + rest[table, key]
    return Vocabulary(cells, keys[is_placed], bits)


def _assign_cells(cell: np.ndarray, n_cells: int) -> np.ndarray:
    """int [2, n], the two cells of each key -> int [2, n_cells], the key in each cell, -1 if it is empty."""
    owner = np.full((2, n_cells), -1, "int64")
    _, first_in_a = np.unique(cell[0], return_index=True)
    owner[0, cell[0, first_in_a]] = first_in_a
    remaining = np.setdiff1d(np.arange(cell.shape[1]), first_in_a)
    for start in remaining:  # at the highest load about a fifth of the keys, which displace others
        key, table = start, 1
        for _ in range(PATIENCE):
            address = cell[table, key]
            owner[table, address], key = key, owner[table, address]
            if key < 0:
                break
            table = 1 - table
    return owner


@keras.saving.register_keras_serializable("mmkeras")
class LookUp(keras.layers.Layer):
    """Feature hashes -> row numbers.

    Call: hashes float32 [2, B, F] and `used` [B, F] -> float32 [B, F] whole numbers: 1 … size for features of the
    vocabulary (shifted by `unknown_buckets`), 1 … unknown_buckets for unknown features (by their hash; without buckets
    0), 0 where `used` is 0. `unknown_buckets` is 0 or a power of two.
    """

    def __init__(self, vocabulary: Vocabulary, unknown_buckets: int = 0, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.vocabulary, self.unknown_buckets = vocabulary, unknown_buckets

    def call(self, hashes: Tensor, used: Tensor) -> Tensor:
        bits, cells = self.vocabulary.bits, self.vocabulary.cells
        low = 2 ** (HASH_BITS - bits)
        swapped = tf.gather(hashes, [1, 0], axis=0)  # [2, B, F]: the other hash of each feature
        high, rest = split_number(swapped, low)
        address = hashes * float(2**bits) + high + SECOND * cells.shape[1]
        cell_row, cell_rest = split_number(look_up(cells.ravel(), address), low)
        row = ops.sum(cell_row * equal(cell_rest, rest), axis=0)  # at most one of the two cells matches
        if not self.unknown_buckets:
            return row * used
        is_known = ops.minimum(row, 1.0)
        _, bucket = split_number(hashes[0], self.unknown_buckets)
        return used * (is_known * (row + self.unknown_buckets) + (1.0 - is_known) * (bucket + 1.0))

    def get_config(self) -> dict[str, Any]:
        config = {"vocabulary": self.vocabulary.config(), "unknown_buckets": self.unknown_buckets}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LookUp:
        return cls(**{**config, "vocabulary": Vocabulary.from_config(config["vocabulary"])})
