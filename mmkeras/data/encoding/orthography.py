"""What no orthography does, seen in the classes of the characters of a word: 'cAfÉ', 'c½ur', two scripts in a word."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from mmkeras.data.encoding.languages import COMMON_SIGNS, RARE_SIGNS

REPLACED: Final = "\ufffd"

# Classes of characters: a/A ASCII letters, l/L other Latin letters, r/R letters of other scripts with capitals,
# o of scripts without, m combining marks, 0 ASCII digits, . spaces and other ASCII, ' signs that stand inside words,
# q quotes and what else stands before a word, S other signs, x no text. The costs are log-probabilities (nats).
_ODDITIES: Final = (
    (re.compile(rb"(?<![AaLlRr])[LR]"), -1.0),
    (re.compile(rb"(?<=[ALR])[LR]"), -0.3),
    (re.compile(rb"(?<=[alr])[LR]"), -6.0),  # 'cAfÉ'
    (re.compile(rb"(?<=[lr])A"), -2.0),
    (re.compile(rb"(?<=[ALR])[lr](?=[ALR])"), -4.0),
    (re.compile(rb"[aAlL](?=[rRo])|[rRo](?=[aAlL])"), -6.0),  # two scripts in a word
    (re.compile(rb"(?<=[aAlLrRo])[Sq](?=[aAlLrRo])"), -6.0),  # 'c½ur'
    (re.compile(rb"(?<![aAlLrRo])S(?=[alr])"), -3.0),  # '½uvre'
    (re.compile(rb"0[lLrRo]|[lLrRo]0"), -3.0),
)
_IN_WORDS: Final = "’‘´·\u00ad-–ʼ`µ"
_BEFORE_WORDS: Final = "“”„«»‹›‚¿¡—…•"
_WORDS_OF_A_LETTER: Final = "àáâèéêìíòóôùúûåæöøñýаейоусвкиябєіїзѝжй"
_ODD_WORD: Final = -3.0
_SIGN_ALONE: Final = 3.0  # a sign is likelier where it is a word of its own


def cost_of_oddities(text: bytes, encoding: str) -> float:
    """The cost (nats, mostly below 0) of what is odd in words, one a line, when read in a single-byte encoding."""
    classes = text.translate(_classes(encoding))
    cost = sum(cost * len(pattern.findall(classes)) for pattern, cost in _ODDITIES)
    signs = _sign_bytes(encoding)
    for word in text.split(b"\n"):
        if not word.strip(signs):
            cost += _SIGN_ALONE
        elif len(word) == 1:
            c = characters(encoding)[word[0]]
            cost += _ODD_WORD if c.isalpha() and c.lower() not in _WORDS_OF_A_LETTER else 0  # 'Ł' where '£' stood
    return cost


@functools.cache
def _sign_bytes(encoding: str) -> bytes:
    known = COMMON_SIGNS + RARE_SIGNS
    return bytes(byte for byte, c in enumerate(characters(encoding)) if byte > 127 and c in known)


@functools.cache
def characters(encoding: str) -> tuple[str, ...]:
    """The character of each byte in a single-byte encoding; U+FFFD where there is none."""
    return tuple(bytes([byte]).decode(encoding, "replace") for byte in range(256))


@functools.cache
def class_of(c: str) -> str:
    """The class of a character: one letter, see the list above."""
    category = unicodedata.category(c)
    if c.isascii():
        return "a" if c.islower() else "A" if c.isupper() else "0" if c.isdigit() else "."
    if c == REPLACED:
        return "x"
    if c == "\u00a0":
        return "."
    if c in _IN_WORDS:
        return "'"
    if c in _BEFORE_WORDS:
        return "q"
    if category in ("Mn", "Mc"):
        return "m"
    if c in "ªº" or category[0] in "SPN" or category in ("Lm", "Cf", "Zs"):
        return "S"
    if category[0] != "L":
        return "x"
    if category == "Lo":
        return "o"
    kind = "l" if unicodedata.name(c).startswith("LATIN") else "r"
    return kind.upper() if category in ("Lu", "Lt") else kind


@functools.cache
def _classes(encoding: str) -> bytes:
    """Table for `bytes.translate`: the class of each byte."""
    return "".join(map(class_of, characters(encoding))).encode()
