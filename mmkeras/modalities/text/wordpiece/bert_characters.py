"""BERT's rule for single characters: what its BasicTokenizer cleans, lower-cases, strips and splits.

Every code point has a class (Devlin et al. 2019, `tokenization.py` of google-research/bert):

    GONE         control characters, U+0000, U+FFFD: they vanish without parting what they stand between
    SPACE        white space: parts words
    WORD         everything else
    PUNCTUATION  Unicode P* and all ASCII that is neither letter nor digit: a word by itself
    CHINESE      CJK ideographs: a word by itself
    MARK         a nonspacing mark (Mn), a WORD character that stripping accents takes away

and may be *folded*: decomposed (NFD), without its marks, in lower case; to at most three characters, and never to more
than its UTF-8 form has bytes. Folding comes with lower-casing; a cased vocabulary has neither.

Classes and folds are frozen in bert_characters.txt, as the library `tokenizers` has them: Unicode grows with each
release of Python, a checkpoint's ids must not.

What this leaves out: NFD also sorts neighbouring marks by their class. It matters for 25 rare characters alone that
are marks but are not stripped (musical symbols, Indic vowel signs), two of them in a row and in the wrong order.
"""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path

import numpy as np

GONE, SPACE, WORD, PUNCTUATION, CHINESE, MARK = range(6)
NAMES = ("gone", "space", "word", "punctuation", "chinese", "mark")
N_CODES = 0x110000
MOST = 3  # characters that one is folded to
HANGUL = range(0xAC00, 0xD7A4)  # syllables: a formula, the same in every version of Unicode


@functools.cache
def frozen_rule() -> tuple[np.ndarray, dict[int, str]]:
    """Class of every code point, uint8 [N_CODES], and what those code points are folded to that are not themselves."""
    runs, folds = Path(__file__).with_suffix(".txt").read_text(encoding="ascii").split("folds\n")
    lines = [line.split() for line in runs.splitlines() if not line.startswith("#")]
    starts = [int(code, 16) for code, _ in lines]
    classes = np.repeat([NAMES.index(name) for _, name in lines], np.diff([*starts, N_CODES]))
    folded = {code: unicodedata.normalize("NFD", chr(code)) for code in HANGUL}
    for pair in folds.split():
        code, _, target = pair.partition(":")
        folded[int(code, 16)] = "".join(chr(int(c, 16)) for c in target.split("+"))
    return classes.astype("uint8"), folded


def rule_of(lowercase: bool) -> tuple[np.ndarray, dict[int, str]]:
    """`frozen_rule` for one kind of vocabulary: without a class MARK, and without folds if it is cased."""
    classes, folded = frozen_rule()
    return np.where(classes == MARK, GONE if lowercase else WORD, classes), folded if lowercase else {}
