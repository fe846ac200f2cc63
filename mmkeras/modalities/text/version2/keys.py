"""UTF-8 bytes -> a key of 32 bits for each token, pair and character n-gram, inside the graph.

How it works, for B texts of N bytes:

    numbers_of     [B, T]      the number of each character from slot 1 on, 0 for separators (numbers.py)
    token_starts   [B, T]      1 where a token starts: at a SINGLE character, or a WORD character after none
    token_keys     [B, W + 2]  the sums of number * BASE ** slot over each token, from entry 1 on, divided by
                               BASE ** (slot of its start) and multiplied by MIX
    feature_keys   [B, F]      tokens, then pairs: PAIR * key - key of the token before

All products are modulo 2**32, which int32 arithmetic does by itself in every runtime. BASE is odd, so it has an inverse
modulo 2**32: a token's key does not depend on its place (Rabin and Karp's hash, 1987). MIX spreads small numbers over
all bits. Entry 0 and the entry behind the last token are 0, which stand for the text's start and end in pairs.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, at_least
from mmkeras.modalities.text.hashing.tokenizer import LONGEST
from mmkeras.modalities.text.version2.at_bytes import token_keys_at_bytes
from mmkeras.modalities.text.version2.few_nodes import FEW_NODES
from mmkeras.modalities.text.version2.numbers import (
    BLOCK,
    SHORT,
    all_but,
    before,
    columns,
    joined,
    n_slots,
    numbers_of,
    scatter,
    size,
)
from mmkeras.modalities.text.version2.powers import MIX, PAIR, RUN, int32, powers
from mmkeras.modalities.text.version2.rule import FIRST_SINGLE
from mmkeras.system.packed import packed, unpacked

MOST_BLOCKS = LONGEST // BLOCK + 2


def times_powers(x: Tensor, first: int, sign: int, slots: Any) -> Tensor:
    """Int32 [B, T] -> x * first * BASE ** (sign * slot) modulo 2**32.

    A table of the powers of thousands of slots would be a good part of a small artefact. So a slot is a multiple of
    BLOCK and a rest, and its power is a product of two of short tables. slots: T, as of `numbers.size`.
    """
    if isinstance(slots, int) and slots <= SHORT:
        return x * powers(first, sign, slots)[None]
    if FEW_NODES.get():
        return x * tf.slice(powers(first, sign, LONGEST + BLOCK), [0], joined(slots))
    of_blocks, of_rest = powers(first, sign * BLOCK, MOST_BLOCKS), powers(1, sign, BLOCK)
    if not isinstance(slots, int):
        return x * tf.reshape(tf.slice(of_blocks[:, None], [0, 0], joined(slots // BLOCK, 1)) * of_rest, (1, -1))
    # numbers of known length would be multiplied by the converter: the table of all slots
    blocks = tf.reshape(x, (-1, slots // BLOCK, BLOCK))  # [B, T / BLOCK, BLOCK]
    return tf.reshape(blocks * of_blocks[: slots // BLOCK, None] * of_rest, (-1, slots))


def token_starts(numbers: Tensor) -> Tensor:
    """Float32 [B, T] -> 1.0 where a token starts."""
    used = ops.minimum(numbers, 1.0)
    word = used - at_least(numbers, FIRST_SINGLE)
    return used - word * before(word)


@keras.saving.register_keras_serializable("mmkeras")
class FeatureKeys(keras.layers.Layer):
    """UTF-8 bytes -> the keys of a text's features.

    Call: uint8 [B, N], zero-padded, N at most LONGEST -> int32 [B, F], 0 for no feature. Tokens come first in the order
    of the text, W + 1 entries, where W is the smaller of N and `max_tokens`; with `orders` 2 then W + 1 for the pairs
    that end at each token, and the one of the last token and the text's end; then, for each length from 2 to
    `char_ngrams`, N + 1 for the n-grams of characters. Tokens after `max_tokens` are dropped.

    table: int32 of `rule.character_table`.
    """

    def __init__(self, mode: str, orders: int, char_ngrams: int, max_tokens: int, table: Any, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.mode, self.orders, self.char_ngrams, self.max_tokens = mode, orders, char_ngrams, max_tokens
        self.table = np.asarray(table, "int32")

    def call(self, data: Tensor) -> Tensor:
        n_bytes = size(data, 1)
        if FEW_NODES.get() and not isinstance(n_bytes, int) and self.mode != "byte" and not self.char_ngrams:
            keys = token_keys_at_bytes(data, self.table, self.max_tokens)  # [B, W + 2]
        else:
            numbers = numbers_of(data, self.mode, self.table)
            keys = self.token_keys(numbers, n_bytes, size(data, 0))
        current = all_but(keys, 1, 0)
        kinds = [current]
        if self.orders == 2:
            kinds.append(current * int32(PAIR) - all_but(keys, 0, 1))
        if self.char_ngrams:
            kinds += run_keys(numbers, n_bytes, self.char_ngrams)
        return kinds[0] if len(kinds) == 1 else ops.concatenate(kinds, axis=1)

    def token_keys(self, numbers: Tensor, n_bytes: Any, n_rows: Any) -> Tensor:
        """Float32 [B, T] -> int32 [B, W + 2], the tokens' keys from entry 1 on; 0 in front and behind."""
        start = ops.cast(token_starts(numbers), "int32")
        token = ops.cumsum(start, axis=1)  # 0 before the first token
        whole = ops.cast(numbers, "int32")
        slots, n_entries = n_slots(n_bytes), n_bytes + 2
        if self.max_tokens < LONGEST:
            is_read = ops.cast(token <= self.max_tokens, "int32")
            token, start, whole = token * is_read, start * is_read, whole * is_read
            least = min if isinstance(n_bytes, int) else tf.minimum
            n_entries = least(n_bytes, self.max_tokens) + 2
        sums = scatter(token, times_powers(whole, 1, 1, slots), n_entries, n_rows)
        return sums * scatter(token, times_powers(start, MIX, -1, slots), n_entries, n_rows)

    def get_config(self) -> dict[str, Any]:
        options = {
            "mode": self.mode,
            "orders": self.orders,
            "char_ngrams": self.char_ngrams,
            "max_tokens": self.max_tokens,
        }
        return {**super().get_config(), **options, "table": packed(self.table, differences=True)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FeatureKeys:
        return cls(**{**config, "table": unpacked(config["table"])})


def run_keys(numbers: Tensor, n_bytes: Any, longest: int) -> list[Tensor]:
    """Float32 [B, T] -> for each length from 2 to `longest` the keys of the n-grams of characters, int32 [B, N + 1].

    One starts at each slot from 0 on. A separator is the character 0, to which 1 is added as to all, so that one in
    front changes the key. An n-gram with two adjacent separators has key 0, so padding adds none.
    """
    n, slots = n_bytes + 1, n_slots(n_bytes + longest)
    behind = tf.reshape(slots - n_slots(n_bytes), ())
    numbers = tf.pad(numbers, [[0, 0], [0, behind]])
    separator = 1.0 - ops.minimum(numbers, 1.0)
    doubled = prefix_sums(separator * before(separator))  # pairs of adjacent separators so far
    whole = ops.cast(numbers + 1.0, "int32")
    sums = prefix_sums(times_powers(whole, 1, 1, slots))
    inverse = columns(times_powers(tf.ones_like(whole), RUN, -1, slots), 0, n)
    keys = []
    for length in range(2, longest + 1):
        total = (columns(sums, length, n) - columns(sums, 0, n)) * inverse
        used = ops.relu(1.0 - (columns(doubled, length, n) - columns(doubled, 1, n)))
        keys.append(total * ops.cast(used, "int32"))
    return keys


def prefix_sums(x: Tensor) -> Tensor:
    """[B, T] -> [B, T + 1]: the sum of the entries before each position."""
    return tf.pad(ops.cumsum(x, axis=1), [[0, 0], [1, 0]])
