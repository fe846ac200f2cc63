"""The features of a text as a person reads them, each with its key: the graph's arithmetic, in Python.

The graph knows features by their keys alone. To name one, a text that has it is read again, for a report.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Final

from mmkeras.modalities.text.hashing.characters import SINGLE_BLOCKS
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2.powers import BASE, MASK, MIX, PAIR, RUN
from mmkeras.modalities.text.version2.rule import FIRST_SINGLE, numbers_of_text

SPACE: Final = "␣"
"""Stands for a separator in an n-gram of characters."""
START: Final = "<s>"
END: Final = "</s>"


def names_of_features(raw: bytes, spec: TextSpec) -> dict[int, str]:
    """Key (0 … 2**32 - 1, as of `Displaced`) -> each feature of a text that the model reads.

    Tokens and pairs of tokens are folded, a space between the two of a pair, but for two Han or kana; the pairs at the
    boundaries have <s> or </s>. N-grams of characters stand in ‹ ›, with ␣ for a separator. Of features of one text
    with the same key the first is named.
    """
    numbers = numbers_of_text(raw, spec.mode, spec.punctuation)
    tokens = tokens_of(numbers)[: spec.max_tokens]
    names: dict[int, str] = {}
    for token in tokens:
        names.setdefault(key_of(token, MIX), written(token))
    if spec.orders > 1 and tokens:
        for before, token in itertools.pairwise([(), *tokens, ()]):
            key = key_of(token, MIX) * PAIR - key_of(before, MIX) & MASK
            names.setdefault(key, joined(written(before) or START, written(token) or END))
    for ngram in _character_ngrams(numbers, spec.char_ngrams):
        shown = "".join(written((number,)) or SPACE for number in ngram)
        names.setdefault(key_of(tuple(number + 1 for number in ngram), RUN), f"‹{shown}›")
    names.pop(0, None)
    return names


def tokens_of(numbers: list[int]) -> list[tuple[int, ...]]:
    """The tokens in the numbers of a text's characters."""
    tokens: list[tuple[int, ...]] = []
    for kind, group in itertools.groupby(numbers, lambda number: (number > 0) + (number >= FIRST_SINGLE)):
        if kind == 1:
            tokens.append(tuple(group))
        elif kind == 2:
            tokens += [(number,) for number in group]
    return tokens


@functools.lru_cache(maxsize=200_000)
def key_of(numbers: tuple[int, ...], mix: int) -> int:
    """The key of a token (`mix` MIX), or of an n-gram of characters (RUN, with 1 added to each number)."""
    return sum(number * pow(BASE, k, 2**32) for k, number in enumerate(numbers)) * mix & MASK


def written(numbers: tuple[int, ...]) -> str:
    """Numbers of characters as text; "" for a separator."""
    codes = (number - FIRST_SINGLE * (number >= FIRST_SINGLE) for number in numbers)
    return "".join(chr(min(code, 0x10FFFF)) for code in codes if code)


def joined(first: str, second: str) -> str:
    """A pair as it is written: characters of the blocks in which each is a token have no space between them."""
    single = all(
        len(token) == 1 and any(low <= ord(token) <= high for low, high in SINGLE_BLOCKS) for token in (first, second)
    )
    return f"{first}{second}" if single else f"{first} {second}"


def _character_ngrams(numbers: list[int], longest: int) -> Iterator[tuple[int, ...]]:
    """The n-grams of characters, 0 for a separator; none has two separators side by side."""
    padded = [0, *numbers, *[0] * longest]
    for length in range(2, longest + 1):
        for start in range(len(padded) - length + 1):
            ngram = tuple(padded[start : start + length])
            if not any(a == 0 == b for a, b in itertools.pairwise(ngram)):
                yield ngram
