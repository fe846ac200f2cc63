"""BERT's rule for single characters: which ones its BasicTokenizer removes, lower-cases, strips and splits.

Every code point has a class (Devlin et al. 2019, `tokenization.py` of google-research/bert):

    GONE         control characters, U+0000, U+FFFD: removed; the characters around them become neighbours
    SPACE        white space: separates words
    WORD         all other characters
    PUNCTUATION  Unicode P* and all ASCII that is neither letter nor digit: a word by itself
    CHINESE      CJK ideographs: a word by itself
    MARK         a nonspacing mark (Mn), a WORD character that is removed with accents

and may be *folded*: decomposed (NFD), without its marks, in lower case; to at most three characters, and never to more
than its UTF-8 form has bytes. Folding comes with lower-casing; a cased vocabulary has neither.

Classes and folds are frozen in bert_characters.txt, taken from the library `tokenizers`: Unicode grows with each
release of Python, but the ids of a checkpoint must not change.

Not implemented: NFD also sorts adjacent marks by their combining class. This matters for 25 rare characters alone that
are marks but are not stripped (musical symbols, Indic vowel signs), if two of them are adjacent and in the wrong order.
"""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path

import numpy as np

GONE, SPACE, WORD, PUNCTUATION, CHINESE, MARK = range(6)
NAMES = ("gone", "space", "word", "punctuation", "chinese", "mark")
N_CODES = 0x110000
MAX_FOLDED = 3  # characters that one is folded to
HANGUL = range(0xAC00, 0xD7A4)  # syllables: decomposed by a formula, the same in every version of Unicode


@functools.cache
def frozen_rule() -> tuple[np.ndarray, dict[int, str]]:
    """The class of every code point, uint8 [N_CODES], and the folded form of each code point that changes."""
    runs, folds = Path(__file__).with_suffix(".txt").read_text(encoding="ascii").split("folds\n")
    lines = [line.split() for line in runs.splitlines() if not line.startswith("#")]
    starts = [int(code, 16) for code, _ in lines]
    classes = np.repeat([NAMES.index(name) for _, name in lines], np.diff([*starts, N_CODES]))
    folded = {code: unicodedata.normalize("NFD", chr(code)) for code in HANGUL}
    for pair in folds.split():
        code, _, target = pair.partition(":")
        folded[int(code, 16)] = "".join(chr(int(c, 16)) for c in target.split("+"))
    return classes.astype("uint8"), folded


def classes_and_folds(lowercase: bool) -> tuple[np.ndarray, dict[int, str]]:
    """`frozen_rule` for a lower-case or a cased vocabulary: without the class MARK, without folds if it is cased."""
    classes, folded = frozen_rule()
    return np.where(classes == MARK, GONE if lowercase else WORD, classes), folded if lowercase else {}
