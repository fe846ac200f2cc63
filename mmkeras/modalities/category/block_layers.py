"""The cells of many category columns -> row numbers in one vocabulary of all columns' values, inside the graph.

A value's key is its hash moved by two numbers of its column, modulo the two primes, so that `yes` of one column is no
`yes` of another. The numbers are drawn such that no two columns share a key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

from mmkeras.modalities.any_length import CutBytes
from mmkeras.modalities.category.layers import HashBytes, keys_and_values, with_rows
from mmkeras.modalities.category.spec import MAX_BYTES
from mmkeras.modalities.text.exact import Tensor, modulo
from mmkeras.modalities.text.hashing.tokenizer import PRIMES
from mmkeras.modalities.text.hashing.vocabulary import HASH_BITS, LookUp, Vocabulary, build_vocabulary

TRIES: Final = 100  # draws for a column; with 50,000 keys of other columns one draw in five suits 500 values


@dataclass(frozen=True)
class BlockVocabulary:
    """vocabulary: of all columns' values. moves: int32 [2, n], what is added to the hashes of each column's cells."""

    vocabulary: Vocabulary
    moves: np.ndarray

    def arrays(self) -> dict[str, Any]:
        """The arrays to save."""
        v = self.vocabulary
        return {"cells": v.cells, "keys": v.keys, "bits": v.bits, "moves": self.moves}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> BlockVocabulary:
        """The inverse of `arrays`."""
        return cls(Vocabulary(data["cells"], data["keys"], int(data["bits"])), data["moves"])


def moved(keys: np.ndarray, move: np.ndarray) -> np.ndarray:
    """Keys int [k] of a column's values -> their keys in the block. move: int [2]."""
    first, second = PRIMES.ravel().astype("int64")
    h1, h2 = keys >> HASH_BITS, keys & (2**HASH_BITS - 1)
    return (((h1 + move[0]) % first) << HASH_BITS) + (h2 + move[1]) % second


def adapt_block(cells: Sequence[Sequence[str]], min_rows: int) -> tuple[BlockVocabulary, tuple[tuple[str, ...], ...]]:
    """The values of at least `min_rows` training rows of each column, as a vocabulary and as strings.

    cells: of each column. The rows of the vocabulary are numbered column after column.
    """
    draw = np.random.default_rng(0)
    limits = PRIMES.ravel().astype("int64")
    row_of: dict[int, int] = {}
    ranks: dict[int, int] = {}
    values: list[tuple[str, ...]] = []
    moves = []
    for column in cells:
        rows, column_values = keys_and_values(column, min_rows)
        keys = np.array(list(rows), "int64")
        for _ in range(TRIES):
            move = draw.integers(limits)
            new = moved(keys, move).tolist()
            if row_of.keys().isdisjoint(new):
                break
        first = sum(map(len, values))
        for rank, (key, row) in enumerate(zip(new, rows.values(), strict=True)):
            row_of.setdefault(key, first + row)
            ranks.setdefault(key, rank)
        values.append(column_values)
        moves.append(move)
    # the most frequent values of every column first, should they be more than a vocabulary takes
    ordered = np.array(sorted(row_of, key=ranks.__getitem__), "int64")
    vocabulary = with_rows(build_vocabulary(ordered), row_of)
    return BlockVocabulary(vocabulary, np.array(moves, "int32").T), tuple(values)


@keras.saving.register_keras_serializable("mmkeras")
class CategoryBlockRows(layers.Layer):
    """Uint8 [b, n, n_bytes] -> int32 [b, n]: the row of each cell's value."""

    def __init__(self, vocabulary: BlockVocabulary, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.vocabulary, self.moves = vocabulary, vocabulary.moves.astype("float32")[:, None]  # [2, 1, n]
        self.cut = CutBytes(MAX_BYTES)
        self.hash, self.look_up = HashBytes(), LookUp(vocabulary.vocabulary, unknown_buckets=1)

    def build(self, shape: Any) -> None:
        self.cut.built = self.hash.built = self.look_up.built = True  # none has weights

    def call(self, data: Tensor) -> Tensor:
        n = self.moves.shape[2]
        cells = ops.reshape(data, (-1, data.shape[2] or ops.shape(data)[2]))  # [b, n, n_bytes] -> [b * n, n_bytes]
        hashes, used = self.hash(self.cut(cells))  # [2, b * n, 1], [b * n, 1]
        hashes, used = ops.reshape(hashes, (2, -1, n)), ops.reshape(used, (-1, n))  # [2, b, n], [b, n]
        return ops.cast(self.look_up(modulo(hashes + self.moves, PRIMES), used), "int32")

    def get_config(self) -> dict[str, Any]:
        config = {"vocabulary": self.vocabulary.vocabulary.config(), "moves": self.vocabulary.moves.tolist()}
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CategoryBlockRows:
        moves = np.array(config["moves"], "int32")
        options = {key: value for key, value in config.items() if key != "moves"}
        return cls(**{**options, "vocabulary": BlockVocabulary(Vocabulary.from_config(config["vocabulary"]), moves)})

    def rows_of(self, data: np.ndarray, index: np.ndarray, column: int) -> np.ndarray:
        """int32 [rows]: of one column's cells. data: its distinct cells, uint8 [d, n_bytes]; index: int [rows]."""
        hashes, used = self.hash(data)  # [2, d, 1], [d, 1]
        rows = self.look_up(modulo(hashes + self.moves[:, :, column : column + 1], PRIMES), used)
        return np.asarray(rows)[index, 0].astype("int32")
