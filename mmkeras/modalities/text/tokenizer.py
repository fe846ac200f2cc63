"""Raw UTF-8 bytes -> the hashes of their tokens, inside the graph, with one gather per byte and no loop.

How it works, for B texts of N bytes and at most W tokens each. All numbers are integers below 2**24 in float32
(see exact.py), so every runtime gets the same ones.

    decode_utf8      [B, N]      each byte that starts a character gets its code point; the others are "covered"
    classify         [B, N]      one table look-up: 4 * folded code point + class
    squeeze          [B, N + 1]  covered bytes and vanishing characters are gone; slot 0 is a separator
    token_starts     [B, N + 1]  1.0 where a token begins: at a SINGLE character, or a WORD after a non-WORD
    running_hash     [B, N + 1]  sum of character * base ** place, from the text's start, modulo two primes
    hash_tokens      [B, W]      differences of the running hash between token starts, moved to place 0

The last two are Rabin and Karp's rolling hash (Efficient randomized pattern-matching algorithms, 1987), with
the power taken out again so that a token has the same hash wherever it stands. Two primes of 12 bits give a hash
of 24 bits; a product of two 12-bit numbers stays below 2**24.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.modalities.text.characters import BMP, character_table
from mmkeras.modalities.text.exact import (
    Tensor,
    at_least,
    behind,
    first,
    gather,
    look_up,
    modulo,
    scatter,
    split_number,
    width,
)

# Both hashes are computed side by side on a first axis of 2: half as many ops, and a small runtime's time is ops.
PRIMES = np.array([4079, 3989], "float32").reshape(2, 1, 1)  # `modulo_is_exact` holds for both, as for few others
SECOND = np.array([0, 1], "float32").reshape(2, 1, 1)  # to reach the second of two tables that lie end to end
BASES = (257, 1031)
LONGEST = 4096  # bytes: the running sum, (LONGEST + 1) * (prime - 1), must stay below 2**24


def decode_utf8(b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Strict UTF-8 (RFC 3629): overlong forms, surrogates beyond U+10FFFF and stray bytes decode to nothing.

    b: float32 [B, N], bytes. Returns three float32 [B, N]: the code point of the character that starts here (BMP for
    all beyond U+FFFF, 0 for none), the code point beyond U+FFFF (else 0), and 1.0 where a byte is covered by the
    character before it. An ill-formed byte has all zero, which is the separator U+0000.
    """
    b = ops.pad(b, [[0, 0], [3, 3]])  # [B, N + 6]: a character may begin three bytes before and end three behind
    follows = at_least(b, 128) - at_least(b, 192)  # 10xxxxxx
    f1, f2, f3 = follows[:, 1:-2], follows[:, 2:-1], follows[:, 3:]  # [B, N + 3] each: of the byte 1, 2, 3 places on
    b, b1, b2, b3 = b[:, :-3], b[:, 1:-2], b[:, 2:-1], b[:, 3:]
    f2 = f1 * f2
    f3 = f2 * f3
    ascii_, g2 = 1.0 - at_least(b, 128), at_least(b, 194)
    g3, g4 = at_least(b, 224), at_least(b, 240)  # leads of 3 and 4 bytes, or more
    start2 = b * 64.0 + b1
    start3 = start2 * 64.0 + b2
    code2 = start2 - float(192 * 64 + 128)
    code3 = start3 - float(224 * 4096 + 128 * 64 + 128)
    code4 = (start3 - float(240 * 4096 + 128 * 64 + 130)) * 64.0 + b3  # 130: 128 of b2, and b3's 128 / 64
    ok2 = (g2 - g3) * f1
    ok3 = (g3 - g4) * f2 * at_least(code3, 0x800)
    ok4 = g4 * f3 * (at_least(code4, BMP) - at_least(code4, 0x110000))
    code = ascii_ * b + ok2 * code2 + ok3 * code3 + ok4 * float(BMP)
    longer = ok3 + ok4
    covered = (ok2 + longer)[:, 2:-1] + longer[:, 1:-2] + ok4[:, :-3]  # by the byte 1, 2 or 3 places before
    return code[:, 3:], (ok4 * code4)[:, 3:], covered


def classify(code: Tensor, beyond: Tensor, covered: Tensor, table: np.ndarray) -> Tensor:
    """[B, N] code points -> `4 * folded + class`; 0 for a separator, -1 for what vanishes and for covered bytes."""
    return look_up(table, code) + beyond * 4.0 - covered


def squeeze(characters: Tensor) -> Tensor:
    """[B, N] -> [B, N + 1]: what remains moves to the front; slot 0 is a separator."""
    stays = ops.clip(characters + 1.0, 0.0, 1.0)
    slot = ops.cumsum(stays, axis=1) * stays  # 0 for what goes
    return scatter(slot, ops.maximum(characters, 0.0), width(characters) + 1)


def token_starts(characters: Tensor) -> tuple[Tensor, Tensor]:
    """[B, N + 1] characters -> folded code points, and 1.0 where a token starts."""
    folded, kind = split_number(characters, 4)
    token = at_least(kind, 1)
    word = token - at_least(kind, 2)
    return folded, token - word * behind(word)


def power_tables(n: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 [2, n] each: base ** (i - 1) modulo its prime, and the inverse of base ** i."""
    pairs = list(zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True))
    powers = [[pow(base, i - 1, prime) for i in range(n)] for prime, base in pairs]
    inverses = [[pow(base, -i, prime) for i in range(n)] for prime, base in pairs]
    return np.array(powers, "int32"), np.array(inverses, "int32")


def running_hash(folded: Tensor, powers: np.ndarray) -> Tensor:
    """[B, N + 1] -> [2, B, N + 1]: the running sums of character * base ** place, modulo each prime."""
    power = ops.expand_dims(first(powers, folded), 1)  # [2, 1, N + 1]
    terms = modulo(modulo(folded, PRIMES) * power, PRIMES)
    return modulo(ops.cumsum(terms, axis=2), PRIMES)


class ByteTokenizer(keras.layers.Layer):
    """UTF-8 bytes -> token hashes.

    Call: uint8 [B, N], zero-padded, N at most LONGEST -> float32 [2, B, W], the two hashes of every token in the
    order of the text, and float32 [B, W], 1.0 where there is a token. W is half of N, which no text in words can
    exceed; in `character` and `byte` mode it is N. Tokens after `max_tokens` are left out.

    table: int32 [65537] of `characters.character_table`; default: made for `mode`.
    """

    def __init__(self, mode: str = "mixed", max_tokens: int = LONGEST, table: Any = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.mode, self.max_tokens = mode, max_tokens
        self.table = character_table(mode) if table is None else np.asarray(table, "int32")
        self.powers, self.inverses = power_tables(LONGEST + 1)

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        b = ops.cast(data, "float32")
        if self.mode == "byte":
            characters = ops.pad(b * 4.0 + 2.0 * at_least(b, 1), [[0, 0], [1, 0]])  # [B, N + 1], all SINGLE
        else:
            characters = squeeze(classify(*decode_utf8(b), self.table))
        return self.hash_tokens(characters, self.n_tokens(width(data)))

    def n_tokens(self, n_bytes: Any) -> Any:
        """W for N bytes: a number if N is one, else a tensor."""
        # "a b c" has a token every second byte; one SINGLE character ("中") has at least two bytes: only
        # `character` and `byte` mode make a token of every ASCII byte.
        most = n_bytes if self.mode in ("character", "byte") else (n_bytes + 1) // 2
        return min(most, self.max_tokens) if isinstance(most, int) else ops.minimum(most, self.max_tokens)

    def hash_tokens(self, characters: Tensor, n_tokens: Any) -> tuple[Tensor, Tensor]:
        """[B, N + 1] characters -> two hashes [2, B, W] and 1.0 where there is a token, [B, W].

        The start of token t is written to slot t, counted from the text's end so that it is never 0; slots 0 and
        W + 2 take what is no start and what is beyond the last token wanted.
        """
        n = ops.cast(width(characters), "float32") - 1.0
        folded, start = token_starts(characters)
        token = ops.cumsum(start, axis=1)
        place = first(np.arange(LONGEST + 1, dtype="int32")[None], characters)  # [1, N + 1]
        slot = ops.minimum(token, ops.cast(n_tokens, "float32") + 2.0) * start
        left = scatter(slot, start * (n + 1.0 - place), n_tokens + 3)
        before = n - left[:, 1:-1]  # [B, W + 1]: the last place before each token, N if there is none
        both = ops.concatenate([before, before], axis=0)  # [2 * B, W + 1]
        sums = gather(ops.reshape(running_hash(folded, self.powers), (-1, width(characters))), both)
        sums = ops.reshape(sums, (2, -1, width(before)))
        inverse = look_up(self.inverses.ravel(), ops.expand_dims(before[:, :-1], 0) + SECOND * self.inverses.shape[1])
        used = ops.minimum(left[:, 1:-2], 1.0)  # [B, W]
        return modulo(modulo(sums[:, :, 1:] - sums[:, :, :-1] + PRIMES, PRIMES) * inverse, PRIMES), used

    def get_config(self) -> dict[str, Any]:
        table = None if np.array_equal(self.table, character_table(self.mode)) else self.table.tolist()
        return {**super().get_config(), "mode": self.mode, "max_tokens": self.max_tokens, "table": table}


def python_hash(token: str) -> tuple[int, int]:
    """The two hashes of a token, as the graph computes them: for vocabularies and word vectors made in Python."""
    h1, h2 = (
        sum(ord(c) % prime * pow(base, i, prime) for i, c in enumerate(token)) % prime
        for prime, base in zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True)
    )
    return h1, h2
