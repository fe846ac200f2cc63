"""Runs of characters as features: what a word has in common with its other forms, misspelt ones, and compounds.

Hashed by running sums, as tokens are, so each length costs a subtraction and a product. For telling texts apart: Cavnar
& Trenkle 1994; in word vectors: Bojanowski et al. 2017.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.check import LONGEST_CHAR_NGRAM
from mmkeras.modalities.text.exact import Tensor, behind, look_up, modulo, places
from mmkeras.modalities.text.hashing.tokenizer import LONGEST, PRIMES, characters_of, power_tables

SHORTEST_RUN = 2


class CharacterRuns(keras.layers.Layer):
    """UTF-8 bytes -> the hashes of the runs of 2, 3 … `longest` characters, from every place of the text.

    Call: uint8 [B, N], zero-padded -> float32 [2, B, R], and float32 [B, R], 1.0 where there is a run; R is
    (longest - 1) * (N + 2). What parts words counts as one character, the same for all; a run with two of them side by
    side is none, and so is all that reaches into the padding but for a word's end.
    """

    def __init__(self, mode: str, longest: int, table: Any, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.mode, self.longest, self.table = mode, longest, np.asarray(table, "int32")
        self.powers, self.inverses = power_tables(LONGEST + 1 + LONGEST_CHAR_NGRAM)

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        folded = ops.abs(characters_of(ops.cast(data, "float32"), self.mode, self.table))  # [B, N + 1]; 0 parts words
        folded = ops.pad(folded, [[0, 0], [0, self.longest]])  # [B, T], T = N + 1 + longest: runs may begin anywhere
        parted = 1.0 - ops.minimum(folded, 1.0)
        twice = from_start(parted * behind(parted))  # [B, T + 1]: parted here and one before, how often so far
        place = places(folded)  # [1, T]
        # + 1: else a run would hash as it does without the separators in front
        numbers = modulo(modulo(folded + 1.0, PRIMES) * look_up(self.powers, place, axis=1), PRIMES)
        sums = from_start(numbers)  # [2, B, T + 1]
        inverse = look_up(self.inverses, place[:, : 1 - self.longest], axis=1)  # [2, 1, N + 2]
        hashes, used = [], []
        for n in range(SHORTEST_RUN, self.longest + 1):
            end = (n - self.longest) or None  # runs of all lengths begin at the first N + 2 places
            total = sums[:, :, n:end] - sums[:, :, : -self.longest]  # [2, B, N + 2]
            hashes.append(modulo(modulo(total, PRIMES) * inverse, PRIMES))
            used.append(ops.relu(1.0 - (twice[:, n:end] - twice[:, 1 : 1 - self.longest])))
        return ops.concatenate(hashes, axis=2), ops.concatenate(used, axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode, "longest": self.longest, "table": self.table.tolist()}


def from_start(x: Tensor) -> Tensor:
    """[..., T] -> [..., T + 1]: the sum of what stands before each place."""
    return ops.pad(ops.cumsum(x, axis=-1), [[0, 0]] * (len(x.shape) - 1) + [[1, 0]])
