"""A cell's bytes as a whole -> the row number of its value, inside the graph; all unknown values share a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.data.values.identity import spellings
from mmkeras.modalities.category.spec import MAX_BYTES
from mmkeras.modalities.text.cells import encode_cell
from mmkeras.modalities.text.exact import Tensor, look_up, modulo, positions
from mmkeras.modalities.text.hashing.tokenizer import BASES, LONGEST, PRIMES, power_tables
from mmkeras.modalities.text.hashing.vocabulary import HASH_BITS, LookUp, Vocabulary, build_vocabulary

MISSING, UNKNOWN, FIRST_KNOWN = 0, 1, 2  # row numbers


def hash_cell(cell: str) -> int:
    """A cell's key, as the graph computes it: the polynomial hashes of the cell's bytes modulo both primes."""
    raw = encode_cell(cell, MAX_BYTES)
    h1, h2 = (
        sum(byte * pow(base, i, prime) for i, byte in enumerate(raw)) % prime
        for prime, base in zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True)
    )
    return int(h1) * 4096 + int(h2)


def adapt_values(cells: Sequence[str], min_rows: int) -> tuple[Vocabulary, tuple[str, ...]]:
    """The values of at least `min_rows` training rows, the most frequent first, as a Vocabulary and as strings.

    Every way to spell a value leads to its row, unless another value is spelled so: see `identity.spellings`. If two
    values have the same hash (one pair in 16 million), the rarer one counts as unknown.
    """
    row_of, values = keys_and_values(cells, min_rows)
    return with_rows(build_vocabulary(np.array(list(row_of), "int64")), row_of), values


def keys_and_values(cells: Sequence[str], min_rows: int) -> tuple[dict[int, int], tuple[str, ...]]:
    """The key of every spelling of the values -> the value's row, from 1 on, and the values in the order of rows."""
    counts = Counter(cell.strip() for cell in cells if cell.strip())
    values: dict[int, str] = {}
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= min_rows:
            values.setdefault(hash_cell(value), value)
    row_of = {key: row for row, key in enumerate(values, 1)}
    for row, value in enumerate(values.values(), 1):
        for spelling in spellings(value):
            row_of.setdefault(hash_cell(spelling), row)
    return row_of, tuple(values.values())


def with_rows(vocabulary: Vocabulary, row_of: Mapping[int, int]) -> Vocabulary:
    """The vocabulary with the row of `row_of` in each key's cells, in place of the key's own number."""
    low = HASH_BITS - vocabulary.bits
    rows = np.array([0, *(row_of[int(key)] for key in vocabulary.keys)])
    cells = (rows[vocabulary.cells >> low] << low) + (vocabulary.cells & (2**low - 1))
    return replace(vocabulary, cells=cells.astype("int32"))


@keras.saving.register_keras_serializable("mmkeras")
class HashBytes(layers.Layer):
    """Uint8 [b, n_bytes], zero-padded -> both hashes of the cell, float32 [2, b, 1], and [b, 1], 1.0 if not empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.powers = power_tables(LONGEST + 1)[0][:, 1:]  # from base ** 0

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        b = ops.cast(data, "float32")
        power = look_up(self.powers, positions(b), axis=1)  # [2, 1, n_bytes]
        terms = modulo(b * power, PRIMES)  # a byte times 12 bits: below 2**20
        return modulo(ops.sum(terms, axis=2, keepdims=True), PRIMES), ops.minimum(b[:, :1], 1.0)


@keras.saving.register_keras_serializable("mmkeras")
class CategoryRows(layers.Layer):
    """Uint8 [b, n_bytes] -> int32 [b, 1]: the row of the cell's value."""

    def __init__(self, vocabulary: Vocabulary, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.hash, self.look_up = HashBytes(), LookUp(vocabulary, unknown_buckets=1)

    def build(self, shape: Any) -> None:
        self.hash.built = self.look_up.built = True  # neither has weights

    def call(self, data: Tensor) -> Tensor:
        return ops.cast(self.look_up(*self.hash(data)), "int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary": self.look_up.vocabulary.config()}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CategoryRows:
        return cls(**{**config, "vocabulary": Vocabulary.from_config(config["vocabulary"])})
