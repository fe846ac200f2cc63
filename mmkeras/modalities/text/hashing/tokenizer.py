"""Raw UTF-8 bytes -> the hashes of their tokens, inside the graph, with one gather per byte and no loop.

How it works, for B texts of N bytes and at most W tokens each. All numbers are integers below 2**24 in float32
(see exact.py), so every runtime computes the same ones.

    decode_utf8      [1, B, N]   each byte that starts a character gets its code point; the others are "covered"
    classify         [B, N]      one table look-up: the folded code point, negative for a SINGLE character
    squeeze          [B, N + 1]  covered bytes and vanishing characters are removed; slot 0 is a separator
    token_starts     [B, N + 1]  1.0 where a token starts: at a SINGLE character, or a WORD after a non-WORD
    running_hash     [B, N + 1]  sum of character * base ** position, from the text's start, modulo two primes
    hash_tokens      [B, W]      differences of the running hash between token starts, shifted to position 0

The last two are Rabin and Karp's rolling hash (Efficient randomized pattern-matching algorithms, 1987), divided by
the power of the start, so that a token's hash does not depend on its position. Two primes of 12 bits give a hash of 24
bits; a product of two 12-bit numbers stays below 2**24.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import (
    Tensor,
    at_least,
    between,
    gather,
    look_up,
    modulo,
    positions,
    previous,
    scatter,
)
from mmkeras.modalities.text.hashing.characters import BMP, GONE, character_table
from mmkeras.system.packed import packed, unpacked

# Both hashes are computed on a first axis of 2: half as many ops, on which the time of small runtimes depends.
PRIMES = np.array([4079, 3989], "float32").reshape(2, 1, 1)  # `modulo_is_exact` holds for few primes, among them these
SECOND = np.array([0, 1], "float32").reshape(2, 1, 1)  # times a table's size: the offset of each of two joined tables
BASES = (257, 1031)
# Lead bytes of characters of 1, 2, 3 and 4 bytes, and continuation bytes: [5, 1, 1], for one comparison with all kinds
FIRST = np.array([0, 194, 224, 240, 128]).reshape(5, 1, 1)
LAST = np.array([127, 223, 239, 244, 191]).reshape(5, 1, 1)
LONGEST = 4096  # bytes: the running sum, (LONGEST + 1) * (prime - 1), must stay below 2**24


def decode_utf8(b: Tensor) -> tuple[Tensor, Tensor]:
    """Strict UTF-8 (RFC 3629): overlong forms, code points beyond U+10FFFF and stray bytes decode to U+0000.

    b: float32 [B, N], bytes. Returns two float32 [1, B, N]: the code point of the character that starts at each byte,
    0 for none, and 1.0 where a byte is covered by the character before it. An ill-formed byte is U+0000, a separator;
    the continuation bytes of an overlong form are covered too, since its lead byte separates already.
    """
    b = ops.pad(b, [[0, 0], [3, 3]])  # [B, N + 6]: a character reaches at most three bytes back or ahead
    kinds = between(b, FIRST, LAST)  # [5, B, N + 6]
    one, two, three, four = ops.split(kinds[:-1, :, :-3], 4, axis=0)  # [1, B, N + 3] each: leads of 1, 2, 3, 4 bytes
    continues = kinds[-1:]
    f1, f2, f3 = continues[:, :, 1:-2], continues[:, :, 2:-1], continues[:, :, 3:]  # of the byte 1, 2, 3 positions on
    b0, b1, b2, b3 = b[:, :-3], b[:, 1:-2], b[:, 2:-1], b[:, 3:]
    start2 = b0 * 64.0 + b1
    start3 = start2 * 64.0 + b2
    code2 = start2 - float(192 * 64 + 128)
    code3 = start3 - float(224 * 4096 + 128 * 64 + 128)
    code4 = (start3 - float(240 * 4096 + 128 * 64 + 130)) * 64.0 + b3  # 130: 128 of b2, and 128 / 64 of b3
    f2 = f1 * f2
    ok2, ok3, ok4 = two * f1, three * f2, four * (f2 * f3)
    valid3, valid4 = at_least(code3, 0x800), between(code4, BMP, 0x10FFFF)
    code = (one * b0 + ok2 * code2) + ((ok3 * valid3) * code3 + (ok4 * valid4) * code4)
    longer = ok3 + ok4
    covered = (ok2 + longer)[:, :, 2:-1] + longer[:, :, 1:-2] + ok4[:, :, :-3]  # by the byte 1, 2 or 3 before
    return code[:, :, 3:], covered


def classify(code: Tensor, covered: Tensor, table: np.ndarray) -> Tensor:
    """[1, B, N] code points -> [B, N] numbers of `character_table`; covered bytes are GONE."""
    beyond = np.float32(np.sign(table[BMP])) * ops.relu(code - float(BMP))
    characters = look_up(table, ops.minimum(code, float(BMP))) + beyond - covered
    return ops.squeeze(characters, 0)


def squeeze(characters: Tensor) -> Tensor:
    """[B, N] -> [B, N + 1]: the characters that are not GONE move to slots 1, 2 …; slot 0 is a separator."""
    kept = ops.minimum(ops.abs(characters - float(GONE)), 1.0)
    slot = ops.cumsum(kept, axis=1) * kept  # 0 for removed characters
    return scatter(slot, characters * kept, tf.add(tf.shape(characters), [0, 1]))


def characters_of(b: Tensor, mode: str, table: np.ndarray) -> Tensor:
    """Float32 [B, N], bytes -> [B, N + 1]: the remaining characters from slot 1, as numbers of `character_table`."""
    if mode == "byte":
        return ops.pad(-b, [[0, 0], [1, 0]])  # all SINGLE
    return squeeze(classify(*decode_utf8(b), table))


def token_starts(characters: Tensor) -> tuple[Tensor, Tensor]:
    """[B, N + 1] characters -> folded code points, and 1.0 where a token starts."""
    folded = ops.abs(characters)
    word = ops.clip(characters, 0.0, 1.0)
    return folded, ops.minimum(folded, 1.0) - word * previous(word)


def power_tables(n: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 [2, n] each: base ** (i - 1) modulo its prime, and the inverse of base ** i."""
    pairs = list(zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True))
    powers = [[pow(base, i - 1, prime) for i in range(n)] for prime, base in pairs]
    inverses = [[pow(base, -i, prime) for i in range(n)] for prime, base in pairs]
    return np.array(powers, "int32"), np.array(inverses, "int32")


def running_hash(folded: Tensor, position: Tensor, powers: np.ndarray) -> Tensor:
    """[B, N + 1], [1, N + 1] -> [2, B, N + 1]: the running sums of character * base ** position modulo each prime."""
    power = look_up(powers, position, axis=1)  # [2, 1, N + 1]
    return ops.cumsum(modulo(modulo(folded, PRIMES) * power, PRIMES), axis=2)


@keras.saving.register_keras_serializable("mmkeras")
class ByteTokenizer(keras.layers.Layer):
    """UTF-8 bytes -> token hashes.

    Call: uint8 [B, N], zero-padded, N at most LONGEST -> float32 [2, B, W], the two hashes of every token in the
    order of the text, and float32 [B, W], 1.0 for a token, 0.0 for padding. W is half of N, the largest number of
    words; in `character` and `byte` mode it is N; with `spread` it is N + 2, the number of n-grams of one length in
    `CharacterRuns`. Tokens after `max_tokens` are dropped.

    table: int32 [65537] of `characters.character_table`; default: that of `mode`.
    """

    def __init__(
        self, mode: str = "mixed", max_tokens: int = LONGEST, table: Any = None, spread: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.mode, self.max_tokens, self.spread = mode, max_tokens, spread
        self.table = character_table(mode) if table is None else np.asarray(table, "int32")
        self.powers, self.inverses = power_tables(LONGEST + 1)

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        return self.hash_tokens(characters_of(ops.cast(data, "float32"), self.mode, self.table))

    def n_tokens(self, characters: Tensor) -> Tensor:
        """[B, N + 1] characters -> int32 [2]: B and W."""
        # "a b c" has a token every second byte; one SINGLE character ("中") has at least two bytes: only in
        # `character` and `byte` mode every ASCII byte may be a token.
        shape = tf.shape(characters)
        if self.spread:
            return tf.add(shape, [0, 1])
        limit = shape - [0, 1] if self.mode in ("character", "byte") else shape // [1, 2]
        return tf.minimum(limit, [2**31 - 1, self.max_tokens])

    def hash_tokens(self, characters: Tensor) -> tuple[Tensor, Tensor]:
        """[B, N + 1] characters -> two hashes [2, B, W] and 1.0 for each token, [B, W].

        The start of token t is written to slot t, counted from the text's end so that it is never 0. Slot 0 takes the
        characters that start no token, slot W + 2 the tokens beyond W + 1.
        """
        folded, start = token_starts(characters)
        position = positions(characters)  # [1, N + 1]
        n = position[:, -1:]
        n_slots = tf.add(self.n_tokens(characters), [0, 3])  # int32 [2]: B, W + 3
        slot = ops.minimum(ops.cumsum(start, axis=1), ops.cast(n_slots[1:] - 1, "float32")) * start
        from_end = scatter(slot, start * (n + 1.0 - position), n_slots)  # [B, W + 3]
        before = ops.cast(n - from_end[:, 1:-1], "int32")  # [B, W + 1]: the position before each token, N if none
        sums = gather(running_hash(folded, position, self.powers), tf.stack([before, before]))  # [2, B, W + 1]
        inverse = look_up(self.inverses, before[:, :-1], axis=1)  # [2, B, W]
        used = ops.minimum(from_end[:, 1:-2], 1.0)  # [B, W]
        return modulo(modulo(sums[:, :, 1:] - sums[:, :, :-1], PRIMES) * inverse, PRIMES), used

    def get_config(self) -> dict[str, Any]:
        options = {"mode": self.mode, "max_tokens": self.max_tokens, "spread": self.spread}
        return {**super().get_config(), **options, "table": packed(self.table, differences=True)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ByteTokenizer:
        return cls(**{**config, "table": unpacked(config["table"])})


def python_hash(token: str) -> tuple[int, int]:
    """The two hashes of a token, as the graph computes them, in Python."""
    h1, h2 = (
        sum(ord(c) % prime * pow(base, i, prime) for i, c in enumerate(token)) % prime
        for prime, base in zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True)
    )
    return h1, h2
