"""Which encoding a file without a mark is in: every candidate decodes it, and the letters tell what is a language.

The reading is the most likely one under a model of letters (`charset_languages`): in words that hold a byte above
127, each letter has its frequency in the language, and what no orthography does (a capital after a small letter, a
sign between two letters, two scripts in a word) costs extra. Equal readings go to the more widely used encoding.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.data.encoding.languages import (
    ANY_LANGUAGE,
    CODE_PAGES,
    COMMON_SIGNS,
    LETTERS,
    MULTIBYTE,
    RARE_SIGNS,
    RARER_LANGUAGES,
)
from mmkeras.data.encoding.orthography import REPLACED, characters, class_of, cost_of_oddities

# Log-probabilities (nats). Those of letters come from the tables; these are for what the tables do not hold.
_FOREIGN: Final = -10.0  # a letter of the same script that many languages use, though not this one
_VERY_FOREIGN: Final = -12.0  # one that few languages use, such as 'ð'
_OTHER_SCRIPT: Final = -12.0
_LESS_FREQUENT: Final = -9.5  # a character of the first level of an East Asian standard
_LATIN_IN_OTHER: Final = -6.0  # an ASCII letter in a word that is not Latin otherwise
_COMMON_SIGN: Final = -6.0
_RARE_SIGN: Final = -8.5
_ODD_SIGN: Final = -11.0
_UNDECODABLE: Final = -15.0
_SPACE: Final = -4.0  # a no-break space
_RARER_LANGUAGE: Final = -1.5
_LATIN_BESIDE_OTHER: Final = -1.5  # an ASCII letter next to an East Asian character
_BESIDE: Final = re.compile(r"[A-Za-z](?=[^\0-\x7f])|(?<=[^\0-\x7f])[A-Za-z]")


@dataclass(frozen=True)
class Guess:
    """The most likely reading of a sample and how it compares."""

    encoding: str
    language: str
    """`ANY_LANGUAGE` when the letters are of several languages; '' where there are only signs, such as '£'."""
    characters: str
    """The most frequent letters above 127 in this reading, at most five; signs where there are no letters."""
    next_best: str
    """The best encoding that reads the sample otherwise; '' if there is none."""

    def why(self) -> str:
        """What speaks for the encoding, and what else it may be."""
        reads = f"it reads {' '.join(self.characters)}" + f" as in {self.language.split(' (')[0]}" * bool(self.language)
        return f"{reads}; next best: {self.next_best}" if self.next_best else reads


def guess_encoding(words: list[bytes]) -> Guess:
    """The most likely encoding of words that hold bytes above 127.

    words: distinct, and cut where no encoding has the second byte of a character (`sample_words`). Each counts once,
    so that a class name in every row weighs no more than any other word.
    """
    text = b"\n".join(words)
    counts = np.bincount(np.frombuffer(text, np.uint8), minlength=256)
    ranked = sorted(((*_score(text, counts, encoding), encoding) for encoding in CODE_PAGES), reverse=True)
    readings = [text.decode(encoding, "replace") for _, _, encoding in ranked]
    same = [encoding for (_, _, encoding), reading in zip(ranked, readings, strict=True) if reading == readings[0]]
    seen = Counter(c.lower() for c in readings[0] if not c.isascii() and c.isprintable()).most_common()
    letters = [c for c, _ in seen if c.isalpha() and c not in "ªºµ"]
    return Guess(
        encoding=max(same, key=lambda encoding: CODE_PAGES[encoding][0]),
        language=ranked[0][1] if letters else "",
        characters="".join(letters or [c for c, _ in seen])[:5],
        next_best=next((encoding for _, _, encoding in ranked if encoding not in same), ""),
    )


def _score(text: bytes, counts: np.ndarray, encoding: str) -> tuple[float, str]:
    """Log-probability (nats) of the most likely language in an encoding, and the language.

    text: the words, one a line.
    counts: int [256]: how often each byte occurs in the text.
    """
    prior, languages = CODE_PAGES[encoding]
    if encoding in MULTIBYTE:
        score, language = _score_multibyte(text, encoding, languages)
        return prior + score, language
    names = (*languages, ANY_LANGUAGE)
    rarer = np.array([name in RARER_LANGUAGES for name in names])
    scores = _letter_scores(encoding, languages) @ counts + _RARER_LANGUAGE * rarer  # [languages + 1]
    best = int(np.argmax(scores))
    return prior + float(scores[best]) + cost_of_oddities(text, encoding), names[best]


@functools.cache
def _log_letters(language: str) -> dict[str, float]:
    """Log-probability of each letter (lower case) of a language: each group of the table is half as frequent."""
    groups = LETTERS[language].split()
    weights = {c: 0.5**i for i, group in enumerate(groups) if group != "." for c in group}
    total = math.log(sum(weights.values()))
    return {c: math.log(weight) - total for c, weight in weights.items()}


@functools.cache
def _letter_scores(encoding: str, languages: tuple[str, ...]) -> np.ndarray:
    """float [languages + 1, 256]: log-probability of each byte; the last row is the mean of the languages."""
    rows = np.array([[_byte_score(byte, encoding, language) for byte in range(256)] for language in languages])
    mean = np.log(np.exp(rows).mean(axis=0))
    return np.vstack([rows, mean])


def _byte_score(byte: int, encoding: str, language: str) -> float:
    letters = _log_letters(language)
    latin = "e" in letters
    c = characters(encoding)[byte]
    if byte < 128:
        if not c.isalpha():
            return 0.0
        return letters.get(c.lower(), _FOREIGN) if latin else _LATIN_IN_OTHER
    kind = class_of(c)
    if kind == ".":
        return _SPACE
    if kind == "x":
        return _UNDECODABLE
    if kind in "'qS":
        return _COMMON_SIGN if c in COMMON_SIGNS else _RARE_SIGN if c in RARE_SIGNS else _ODD_SIGN
    lower = {"İ": "i"}.get(c, c.lower())
    if lower in letters:
        return letters[lower]
    if (kind in "lL") != latin:
        return _OTHER_SCRIPT
    return _FOREIGN if _languages_with(lower) > 3 else _VERY_FOREIGN


@functools.cache
def _languages_with(letter: str) -> int:
    return sum(letter in groups for groups in LETTERS.values())


def _score_multibyte(text: bytes, encoding: str, languages: tuple[str, ...]) -> tuple[float, str]:
    decoded = text.decode(encoding, "replace")
    counts = Counter(decoded)
    mixed = _LATIN_BESIDE_OTHER * len(_BESIDE.findall(decoded))
    scores = {}
    for language in languages:
        letters = _log_letters(language)
        scores[language] = sum(n * (letters.get(c) or _unlisted(c, encoding)) for c, n in counts.items())
    best = max(scores, key=lambda language: scores[language])
    return scores[best] + mixed, best


@functools.cache
def _unlisted(c: str, encoding: str) -> float:
    """Log-probability of a character that the table of the East Asian language does not hold."""
    if c.isascii():
        return _LATIN_IN_OTHER if c.isalpha() else 0.0
    if c == REPLACED or unicodedata.category(c)[0] == "C":
        return _UNDECODABLE
    if "\u3400" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7a3":
        lead, trail = c.encode(encoding)[:2]
        first, last = MULTIBYTE[encoding]
        # The second bytes of GB18030 and cp949 below A1 are those of the rarer characters.
        usual = first <= lead <= last and (trail >= 0xA1 or encoding not in ("gb18030", "cp949"))
        return _LESS_FREQUENT if usual else _VERY_FOREIGN
    return _OTHER_SCRIPT if "\uff61" <= c <= "\uff9f" or c.isalpha() else _ODD_SIGN
