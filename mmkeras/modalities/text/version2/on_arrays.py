"""The graph's tokens and pairs, version 2, in NumPy: many texts at once, without padding (see hashing/on_arrays.py)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.modalities.text.hashing.characters import BMP
from mmkeras.modalities.text.hashing.tokenizer import LONGEST
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2.powers import MIX, PAIR, powers
from mmkeras.modalities.text.version2.rule import FIRST_SINGLE, OFFSETS, SEPARATOR, code_points, of_all_characters

POWERS = powers(1, 1, LONGEST + 1).view("uint32")  # BASE ** place in the token


def token_keys(texts: Sequence[str], spec: TextSpec, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The keys of the tokens of texts, then of their pairs, uint32 [n]; and the text of each, int64 [n].

    texts: of `hashing.on_arrays.cut`. numbers: of `numbers_of_codes`.
    """
    found, ends = _numbers(texts, numbers)
    word, start = (found > 0) & (found < FIRST_SINGLE), found > 0
    start[1:] &= ~(word[1:] & word[:-1])
    first = np.flatnonzero(start)
    if not len(first):
        return np.zeros(0, "uint32"), np.zeros(0, "int64")
    lengths = np.diff(np.r_[0, first, len(found)])
    place = np.arange(len(found), dtype="int32") - np.repeat(np.r_[0, first].astype("int32"), lengths)
    np.minimum(place, LONGEST, out=place)  # of separators, whose number is 0
    keys = np.add.reduceat(found.view("uint32") * POWERS[place], first, dtype="uint32") * np.uint32(MIX)
    counts = np.diff(np.searchsorted(first, np.r_[0, ends]))  # tokens of each text
    text = np.repeat(np.arange(len(texts)), counts)
    if counts.max() > spec.max_tokens:
        kept = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts) < spec.max_tokens
        text, keys = text[kept], keys[kept]
    if spec.orders == 2:
        is_first = np.r_[True, text[1:] != text[:-1]]
        pairs = keys * np.uint32(PAIR) - np.where(is_first, np.uint32(0), np.r_[np.uint32(0), keys[:-1]])
        last = np.r_[is_first[1:], True]
        keys, text = np.concatenate([keys, pairs, -keys[last]]), np.concatenate([text, text, text[last]])
    is_feature = keys != 0
    return (keys, text) if is_feature.all() else (keys[is_feature], text[is_feature])


def numbers_of_codes(table: np.ndarray) -> np.ndarray:
    """int32 [BMP + 1]: the number of each code point as in the graph, 0 for a SEPARATOR, -1 for one that vanishes.

    table: of `rule.character_table`. Entry BMP stands for all code points from U+10000 on.
    """
    numbers = np.arange(1, BMP + 2) + of_all_characters(table)[1:]
    return np.where(numbers < OFFSETS[SEPARATOR], -1, np.maximum(numbers, 0)).astype("int32")


def _numbers(texts: Sequence[str], numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of the characters of the texts, int32 [n], a separator behind each text, without those that vanish.

    And the end of each text, int64 [texts], behind its separator.
    """
    joined, lengths = "\0".join(texts) + "\0", [*map(len, texts)]
    if joined.isascii():
        found = numbers[np.frombuffer(joined.encode("ascii"), "uint8")]
    else:
        try:
            codes = np.frombuffer(joined.encode("utf-32-le"), "int32")
        except UnicodeEncodeError:  # ill-formed bytes, of a text that was given as bytes
            parts = [code_points(text.encode("utf-8", "surrogateescape")) for text in texts]
            codes = np.array([code for part in parts for code in (*part, 0)], "int32")
            lengths = [*map(len, parts)]
        found = numbers[np.minimum(codes, BMP)]
        beyond = codes > BMP
        if beyond.any():
            found[beyond] += codes[beyond] - BMP
    ends = np.cumsum(np.array(lengths, "int64") + 1)
    gone = found < 0
    if not gone.any():
        return found, ends
    return found[~gone], ends - np.cumsum(gone)[ends - 1]
