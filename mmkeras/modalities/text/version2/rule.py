"""The rule of tokens, version 2: the class and the folded form of each character, as a table and in plain Python.

Mode `mixed`:

1. A code point is *folded* as in version 1 (`hashing.characters.fold`): full-width ASCII to ASCII, then lower-cased.
2. The folded code point has a *class*:
   SINGLE      a token by itself: marks and symbols (Unicode P*, S*), kana, Han, Thai, all beyond U+FFFF
   WORD        letters, marks that combine and numbers (Unicode L*, M*, N*)
   VANISHES    soft hyphen, joiners, variation selectors: removed; the characters around them become neighbours
   SEPARATOR   everything else: white space, control characters, U+0000, what has no meaning
3. A token is a maximal sequence of WORD characters, or one SINGLE character.

Without punctuation, marks and symbols are separators, but for pictures: symbols above U+2000 (So, Sk) and all beyond
U+FFFF. In `word` kana, Han and Thai are WORD characters, in `character` a WORD character is SINGLE. In `byte` every
byte but zero is a token; nothing is decoded or folded.

The table depends on Python's `unicodedata`: a run stores the table of its training, and every artefact contains it.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np

from mmkeras.modalities.text.hashing.characters import (
    BMP,
    SEPARATOR,
    SINGLE,
    SINGLE_BLOCKS,
    VANISHES,
    WORD,
    fold,
)

VANISHING = (0xAD, 0x200C, 0x200D, 0x2060, 0xFE0E, 0xFE0F, 0xFEFF)
UNIFORM = ((0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xD800, 0xF8FF))
"""Blocks of one class that fold to themselves (Han, Hangul, surrogates and private use): an entry of the table each."""
N_ENTRIES = BMP + 2 - sum(last - first for first, last in UNIFORM)
FIRST_SINGLE = 2**21
"""A SINGLE character's number is its folded code point plus this; a WORD character's is the folded code point."""
OFFSETS = {WORD: -1, SINGLE: FIRST_SINGLE - 1, SEPARATOR: -(2**22), VANISHES: -(2**23)}
"""What the table adds to a code point + 1: a separator's number becomes negative, one that vanishes more so."""


def character_class(folded: int, mode: str = "mixed", punctuation: bool = True) -> int:
    """Class of a folded code point in a mode."""
    if folded in VANISHING:
        return VANISHES
    if folded >= BMP:
        return SINGLE
    if any(low <= folded <= high for low, high in SINGLE_BLOCKS):
        return WORD if mode == "word" else SINGLE
    category = unicodedata.category(chr(folded))
    if category[0] in "PS":
        is_picture = category in ("So", "Sk") and folded > 0x2000
        return SINGLE if punctuation or is_picture else SEPARATOR
    if category[0] not in "LMN":
        return SEPARATOR
    return SINGLE if mode == "character" else WORD


@functools.cache
def character_table(mode: str = "mixed", punctuation: bool = True) -> np.ndarray:
    """The rule as a table that the graph gathers from: int32 [N_ENTRIES], what is added to a code point + 1.

    Entry 0 is that of no character, which vanishes; then come those of U+0000 and on, one for each block of UNIFORM;
    the last is that of all beyond U+FFFF. A sum is the number of the folded character, negative for a SEPARATOR or one
    that VANISHES.
    """
    offsets = [OFFSETS[VANISHES]]
    code = 0
    for first, last in (*UNIFORM, (BMP + 1, BMP + 1)):
        offsets += [offset_of(code, mode, punctuation) for code in range(code, min(first, BMP) + 1)]
        if first < BMP and not is_uniform(first, last, mode, punctuation):
            raise ValueError(f"U+{first:04X}-{last:04X} are not of one class in this Python's unicodedata")
        code = last + 1
    return np.array(offsets, "int32")


def offset_of(code: int, mode: str, punctuation: bool) -> int:
    """What is added to a code point + 1."""
    folded = fold(code)
    kind = SEPARATOR if code == 0 else character_class(folded, mode, punctuation)
    return OFFSETS[kind] + (folded - code if kind in (WORD, SINGLE) else 0)


def is_uniform(first: int, last: int, mode: str, punctuation: bool) -> bool:
    """Whether consecutive characters fold to themselves and are of one class; one of each category is looked at."""
    text = "".join(map(chr, range(first, last + 1)))
    of_categories = dict(zip(map(unicodedata.category, text), text, strict=True)).values()
    return text.lower() == text and len({character_class(ord(c), mode, punctuation) for c in of_categories}) == 1


def of_all_characters(table: np.ndarray) -> np.ndarray:
    """`character_table` -> int32 [BMP + 2]: an entry for each character of the blocks of UNIFORM too."""
    for first, last in UNIFORM:
        table = np.insert(table, first + 2, np.full(last - first, table[first + 1]))
    return table


class _Translation(dict[int, str | None]):
    """`str.translate` table: a SINGLE character gets spaces around it, a SEPARATOR becomes a space."""

    def __init__(self, mode: str, punctuation: bool) -> None:
        super().__init__()
        self.mode, self.punctuation = mode, punctuation

    def __missing__(self, code: int) -> str | None:
        folded = fold(code)
        kind = character_class(folded, self.mode, self.punctuation) if code else SEPARATOR
        result = {SEPARATOR: " ", WORD: chr(folded), SINGLE: f" {chr(folded)} ", VANISHES: None}[kind]
        self[code] = result
        return result


@functools.cache
def _translation(mode: str, punctuation: bool) -> _Translation:
    return _Translation(mode, punctuation)


def python_tokens(text: str | bytes, mode: str = "mixed", punctuation: bool = True) -> list[str]:
    """The tokens of a text, by the rule of the graph but in Python: for readable vocabularies.

    In `byte` mode a token is the character with the byte's number as its code point.
    """
    if mode == "byte":
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return [chr(byte) for byte in raw if byte]
    if isinstance(text, bytes):
        text = "".join(chr(min(code, 0x10FFFF)) for code in code_points(text))
    return text.translate(_translation(mode, punctuation)).split()


def code_points(raw: bytes) -> list[int]:
    """The code points of UTF-8 bytes as the graph reads them, ill-formed ones too.

    A byte from 192 on is read with the one, two or three bytes behind it, whatever these are (zeros behind the text); a
    byte of 128 to 191 by itself is nothing. What is below U+0000 is left out; an ill-formed sequence may be beyond
    U+10FFFF.
    """
    codes = []
    padded = raw + b"\0\0\0"
    for at, byte in enumerate(raw):
        if 128 <= byte < 192:
            continue
        n_behind = (byte >= 192) + (byte >= 224) + (byte >= 240)
        code = byte - (0, 192, 224, 240)[n_behind]
        for k in range(1, n_behind + 1):
            code = code * 64 + padded[at + k] - 128
        if code >= 0:
            codes.append(code)
    return codes


def numbers_of_text(raw: bytes, mode: str = "mixed", punctuation: bool = True) -> list[int]:
    """The numbers of a text's characters as in the graph, 0 for a SEPARATOR, without those that vanish."""
    if mode == "byte":
        return [byte + FIRST_SINGLE if byte else 0 for byte in raw]
    numbers = (number_of(code, mode, punctuation) for code in code_points(raw))
    return [number for number in numbers if number is not None]


@functools.lru_cache(maxsize=70_000)
def number_of(code: int, mode: str, punctuation: bool) -> int | None:
    """The number of a code point, None if it vanishes."""
    folded = fold(code)
    kind = character_class(folded, mode, punctuation) if code else SEPARATOR
    return {VANISHES: None, SEPARATOR: 0, WORD: folded, SINGLE: folded + FIRST_SINGLE}[kind]
