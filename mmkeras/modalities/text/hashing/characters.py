"""The rule of tokens: the class and the folded form of each character, as a table and as a plain Python tokenizer.

Version 1 of the rule (mode `mixed`):

1. A code point is *folded*: full-width ASCII (U+FF01-FF5E) to ASCII, then lower-cased if its lower case is one
   code point. Beyond U+FFFF nothing is folded.
2. The folded code point has a *class*:
   SINGLE      a token by itself: kana, Han, Thai, symbols above U+2000 (Unicode So, Sk), all beyond U+FFFF
   VANISHES    apostrophes, the soft hyphen, joiners: removed; the characters around them become neighbours
   WORD        letters, marks and numbers (Unicode L*, M*, N*)
   SEPARATOR   everything else; also U+0000 and every ill-formed byte
3. A token is a maximal sequence of WORD characters, or one SINGLE character.

The other modes change the classes alone: in `word` a SINGLE character is a WORD character, in `character` a WORD
character is SINGLE. In `byte` every byte but zero is a token; nothing is decoded or folded.

The table depends on Python's `unicodedata`: a run stores the table of its training, and every artefact contains it.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np

MODES = ("mixed", "word", "character", "byte")
SEPARATOR, WORD, SINGLE, VANISHES = 0, 1, 2, -1
GONE = -1  # in a table; no SINGLE character has this number, since U+0001 is a SEPARATOR
BMP = 0x10000  # code points below this have a table entry each; all others share entry BMP
SINGLE_BLOCKS = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x0E00, 0x0E7F))
VANISHING = (0x27, 0x2019, 0xAD, 0x200D, 0xFE0F)


def fold(code: int) -> int:
    """Code point -> folded code point."""
    if code >= BMP:
        return code
    char = chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else chr(code)
    lower = char.lower()
    return ord(lower) if len(lower) == 1 else ord(char)


def character_class(folded: int, mode: str = "mixed") -> int:
    """Class of a folded code point in a mode."""
    if folded == 0:
        return SEPARATOR
    if folded in VANISHING:
        return VANISHES
    if folded >= BMP:
        kind = SINGLE
    else:
        category = unicodedata.category(chr(folded))
        symbol = category in ("So", "Sk") and folded > 0x2000
        if symbol or any(low <= folded <= high for low, high in SINGLE_BLOCKS):
            kind = SINGLE
        else:
            kind = WORD if category[0] in "LMN" else SEPARATOR
    if kind != SEPARATOR and mode == "word":
        return WORD
    if kind != SEPARATOR and mode == "character":
        return SINGLE
    return kind


@functools.cache
def character_table(mode: str = "mixed") -> np.ndarray:
    """The rule as a table that the graph gathers from, one number a character, whose sign is the class.

    Returns int32 [65537]: the folded code point of a WORD character, the negated one of a SINGLE character, 0 for a
    SEPARATOR and GONE for a character that VANISHES; the last entry, of U+10000, is that of all beyond U+FFFF.
    """
    sign = {WORD: 1, SINGLE: -1, SEPARATOR: 0}
    table = np.zeros(BMP + 1, "int32")
    for code in range(1, BMP):
        folded = fold(code)
        kind = character_class(folded, mode)
        table[code] = GONE if kind == VANISHES else sign[kind] * folded
    table[BMP] = sign[character_class(BMP, mode)] * BMP
    return table


class _Translation(dict[int, str | None]):
    """`str.translate` table: a SINGLE character gets spaces around it, a SEPARATOR becomes a space."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def __missing__(self, code: int) -> str | None:
        folded = fold(code)
        kind = SEPARATOR if 0xD800 <= code <= 0xDFFF else character_class(folded, self.mode)
        result = {SEPARATOR: " ", WORD: chr(folded), SINGLE: f" {chr(folded)} ", VANISHES: None}[kind]
        self[code] = result
        return result


@functools.cache
def _translation(mode: str) -> _Translation:
    return _Translation(mode)


def python_tokens(text: str | bytes, mode: str = "mixed") -> list[str]:
    """The tokens of a text, by the rule of the graph but in Python: for readable vocabularies.

    text: a string, or UTF-8 bytes, of which every ill-formed byte is a separator.
    In `byte` mode a token is the character with the byte's number as its code point.
    """
    if mode == "byte":
        raw = text.encode("utf-8", "replace") if isinstance(text, str) else text
        return [chr(byte) for byte in raw if byte]
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="surrogateescape")
    return text.translate(_translation(mode)).split()
