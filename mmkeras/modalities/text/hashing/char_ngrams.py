"""Character n-grams as features: a word shares them with its inflected forms, misspellings and compounds.

They are hashed by running sums, as tokens are, so each length costs a subtraction and a product. Cavnar & Trenkle 1994
used them for text classification, Bojanowski et al. 2017 for word vectors.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.check import LONGEST_CHAR_NGRAM
from mmkeras.modalities.text.exact import Tensor, look_up, modulo, positions, previous
from mmkeras.modalities.text.hashing.tokenizer import LONGEST, PRIMES, characters_of, power_tables
from mmkeras.system.packed import packed, unpacked

SHORTEST = 2


@keras.saving.register_keras_serializable("mmkeras")
class CharacterRuns(keras.layers.Layer):
    """UTF-8 bytes -> the hashes of the n-grams of 2, 3 … `longest` characters that start at each character.

    Call: uint8 [B, N], zero-padded -> float32 [2, B, R], and float32 [B, R], 1.0 where an n-gram is valid; R is
    (longest - 1) * (N + 2). All separators count as the same character. An n-gram with two adjacent separators is
    invalid, so one that extends into the padding is valid only if it ends with the first separator after the text.
    """

    def __init__(self, mode: str, longest: int, table: Any, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.mode, self.longest, self.table = mode, longest, np.asarray(table, "int32")
        self.powers, self.inverses = power_tables(LONGEST + 1 + LONGEST_CHAR_NGRAM)

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        folded = ops.abs(characters_of(ops.cast(data, "float32"), self.mode, self.table))  # [B, N + 1]; 0: a separator
        folded = ops.pad(folded, [[0, 0], [0, self.longest]])  # [B, T], T = N + 1 + longest: n-grams start anywhere
        separator = 1.0 - ops.minimum(folded, 1.0)
        doubled = prefix_sums(separator * previous(separator))  # [B, T + 1]: pairs of adjacent separators so far
        position = positions(folded)  # [1, T]
        # + 1: otherwise separators at the start of an n-gram would not change its hash
        terms = modulo(modulo(folded + 1.0, PRIMES) * look_up(self.powers, position, axis=1), PRIMES)
        sums = prefix_sums(terms)  # [2, B, T + 1]
        inverse = look_up(self.inverses, position[:, : 1 - self.longest], axis=1)  # [2, 1, N + 2]
        hashes, used = [], []
        for n in range(SHORTEST, self.longest + 1):
            end = (n - self.longest) or None  # n-grams of all lengths start at the first N + 2 positions
            total = sums[:, :, n:end] - sums[:, :, : -self.longest]  # [2, B, N + 2]
            hashes.append(modulo(modulo(total, PRIMES) * inverse, PRIMES))
            used.append(ops.relu(1.0 - (doubled[:, n:end] - doubled[:, 1 : 1 - self.longest])))
        return ops.concatenate(hashes, axis=2), ops.concatenate(used, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "mode": self.mode,
            "longest": self.longest,
            "table": packed(self.table, differences=True),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CharacterRuns:
        return cls(**{**config, "table": unpacked(config["table"])})


def prefix_sums(x: Tensor) -> Tensor:
    """[..., T] -> [..., T + 1]: the sum of the entries before each position."""
    return ops.pad(ops.cumsum(x, axis=-1), [[0, 0]] * (len(x.shape) - 1) + [[1, 0]])
