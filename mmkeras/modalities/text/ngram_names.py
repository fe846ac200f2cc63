"""The n-grams of a text as a person reads them, each with the key of its feature: the graph's hashes, in Python.

The graph knows features by their hashes alone. To name one, a text that has it is read again, for a report.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Final

from mmkeras.modalities.text.bag import PAIR
from mmkeras.modalities.text.cells import truncate
from mmkeras.modalities.text.hashing.char_ngrams import SHORTEST
from mmkeras.modalities.text.hashing.characters import (
    SEPARATOR,
    VANISHES,
    character_class,
    fold,
    python_tokens,
)
from mmkeras.modalities.text.hashing.tokenizer import BASES, PRIMES, python_hash
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2.names import SPACE, joined, names_of_features
from mmkeras.modalities.text.version2.rule import python_tokens as version2_tokens

PAIRS: Final = tuple(PAIR.ravel().astype(int).tolist())
MODULI: Final = tuple(PRIMES.ravel().astype(int).tolist())
CHARACTERS: Final = re.compile(
    rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|.", re.DOTALL
)
"""The bytes of a character, well-formed or not, or a stray byte: each of the latter is a separator, as in the graph."""
INVERSES: Final = tuple(pow(base, -1, prime) for base, prime in zip(BASES, MODULI, strict=True))

Hashes = tuple[int, int]


def tokens_read(raw: bytes, spec: TextSpec) -> list[str]:
    """The tokens of a text that is not longer than `max_bytes`, as the graph reads them."""
    if spec.version > 1:
        return version2_tokens(raw, spec.mode, spec.punctuation)
    return python_tokens(raw, spec.mode)


def names_of_ngrams(cell: str | bytes, spec: TextSpec) -> dict[int, str]:
    """Key -> the n-gram, of each feature of a text that the model reads. Of version 1 a key is `h1 * 4096 + h2`.

    Tokens and pairs of tokens are folded, a space between the two of a pair, but for two Han or kana; n-grams of
    characters stand in ‹ ›, with ␣ for a separator. Of n-grams of one text with the same key the first is named.
    """
    raw = truncate(cell if isinstance(cell, bytes) else cell.encode("utf-8", "replace"), spec.max_bytes)
    if spec.version > 1:
        return names_of_features(raw, spec)
    tokens = python_tokens(raw, spec.mode)[: spec.max_tokens]
    hashes = [_hashed(token) for token in tokens]
    names: dict[int, str] = {}
    for token, pair in zip(tokens, hashes, strict=True):
        names.setdefault(_key(pair), token)
    if spec.orders > 1:
        for k in range(1, len(tokens)):
            combined = [
                (now * factor + before) % prime
                for now, before, factor, prime in zip(hashes[k], hashes[k - 1], PAIRS, MODULI, strict=True)
            ]
            names.setdefault(_key((combined[0], combined[1])), joined(tokens[k - 1], tokens[k]))
    if spec.char_ngrams:
        for ngram in _character_ngrams(raw, spec):
            written = "".join(SPACE if code == 0 else chr(code) for code in ngram)
            names.setdefault(_key(_hashed_characters(ngram)), f"‹{written}›")
    return names


@functools.lru_cache(maxsize=200_000)
def _hashed(token: str) -> Hashes:
    return python_hash(token)


@functools.lru_cache(maxsize=200_000)
def _hashed_characters(ngram: tuple[int, ...]) -> Hashes:
    """The hashes of `CharacterRuns`: of each character plus 1, from the power -1 of the base."""
    hashes = [
        sum((code + 1) % prime * pow(base, k, prime) for k, code in enumerate(ngram)) * inverse % prime
        for prime, base, inverse in zip(MODULI, BASES, INVERSES, strict=True)
    ]
    return hashes[0], hashes[1]


def _key(hashes: Hashes) -> int:
    return hashes[0] << 12 | hashes[1]


def _character_ngrams(raw: bytes, spec: TextSpec) -> Iterator[tuple[int, ...]]:
    """The n-grams of characters, as folded code points with 0 for a separator; none has two separators side by side."""
    if spec.mode == "byte":
        codes = list(raw)
    else:
        known = (_folded(character, spec.mode) for character in CHARACTERS.findall(raw))
        codes = [code for code in known if code is not None]
    codes = [0, *codes, *[0] * spec.char_ngrams]
    for length in range(SHORTEST, spec.char_ngrams + 1):
        for start in range(len(codes) - length + 1):
            ngram = tuple(codes[start : start + length])
            if not any(a == 0 == b for a, b in itertools.pairwise(ngram)):
                yield ngram


@functools.lru_cache(maxsize=70_000)
def _folded(character: bytes, mode: str) -> int | None:
    """The folded code point, 0 for a separator, None for a character that vanishes."""
    try:
        folded = fold(ord(character.decode("utf-8")))
    except UnicodeDecodeError:
        return 0
    kind = character_class(folded, mode)
    return None if kind == VANISHES else 0 if kind == SEPARATOR else folded
