"""Version 2 of the rule of tokens, read a second time, to hold against the graph: written from the rule's text.

Of mmkeras it imports nothing. Tokens are what a regular expression finds in text whose characters are replaced one by
one by what `unicodedata` says of them; keys are sums of Python's unbounded integers.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

BASE, MIX, PAIR, RUN = 0x2C1B3C6D, 0x297A2D39, 0x3C6EF35F, 0x1B873593
SINGLE = 1 << 21
GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "tokens.jsonl"
HAN_KANA_THAI = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
INVISIBLE = set("\u00ad\u200c\u200d\u2060\ufe0e\ufe0f\ufeff")
WELL_FORMED = re.compile(
    rb"[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


def golden_texts() -> list[str]:
    """The texts of the golden file, whose tokens are those of version 1."""
    if not GOLDEN.exists():
        return []
    return [json.loads(line)["text"] for line in GOLDEN.read_text(encoding="utf-8").splitlines()]


def code_points(raw: bytes) -> list[int]:
    """The code points: Python's of well-formed characters, the rule's formula of all else."""
    found, at = [], 0
    while at < len(raw):
        good = WELL_FORMED.match(raw, at)
        if good and len(good.group()) > 0:
            found.append(ord(good.group().decode("utf-8")))
            at += len(good.group())
            continue
        lead, behind = raw[at], [*raw[at + 1 : at + 4], 0, 0, 0]
        at += 1
        if lead < 0xC0:
            continue  # by itself a byte of 80-BF is nothing
        if lead < 0xE0:
            code = (lead - 0xC0) * 64 + behind[0] - 128
        elif lead < 0xF0:
            code = (lead - 0xE0) * 64**2 + (behind[0] - 128) * 64 + behind[1] - 128
        else:
            code = (lead - 0xF0) * 64**3 + (behind[0] - 128) * 64**2 + (behind[1] - 128) * 64 + behind[2] - 128
        if code >= 0:
            found.append(code)
    return found


@functools.cache
def number_and_kind(code: int, mode: str, punctuation: bool) -> tuple[int, str]:
    """A code point -> its folded code point, and `w` (word), `s` (single), ` ` (separator) or nothing (it vanishes)."""
    if code > 0xFFFF:
        return code, "s"
    char = unicodedata.normalize("NFKC", chr(code)) if 0xFF01 <= code <= 0xFF5E else chr(code)
    char = char.lower() if len(char.lower()) == 1 else char
    if char in INVISIBLE:
        return ord(char), ""
    category = unicodedata.category(char)
    if code == 0 or category == "Cs":
        kind = " "
    elif HAN_KANA_THAI.match(char):
        kind = "w" if mode == "word" else "s"
    elif category[0] in "PS":
        kind = "s" if punctuation or (category in {"So", "Sk"} and char > "\u2000") else " "
    elif category[0] in "LMN":
        kind = "s" if mode == "character" else "w"
    else:
        kind = " "
    return ord(char), kind


def tokens(raw: bytes, mode: str = "mixed", punctuation: bool = True) -> list[tuple[int, ...]]:
    """The tokens, each as the folded code points of its characters, those of single ones with SINGLE added."""
    return [tuple(part) for part in re_tokens(*written(raw, mode, punctuation))]


def written(raw: bytes, mode: str, punctuation: bool) -> tuple[list[int], str]:
    """The numbers of a text's characters, 0 for a separator, and their kinds, a letter each."""
    if mode == "byte":
        return [byte + SINGLE if byte else 0 for byte in raw], "".join("s" if byte else " " for byte in raw)
    read = [number_and_kind(code, mode, punctuation) for code in code_points(raw)]
    numbers = [{"w": code, "s": code + SINGLE, " ": 0}[kind] for code, kind in read if kind]
    return numbers, "".join(kind for _, kind in read)


def re_tokens(numbers: list[int], kinds: str) -> list[list[int]]:
    """The numbers of each token: a run of `w`, or one `s`."""
    return [numbers[found.start() : found.end()] for found in re.finditer("w+|s", kinds)]


def strings(raw: bytes, mode: str = "mixed", punctuation: bool = True) -> list[str]:
    """The tokens as text."""
    codes = [[n - SINGLE if n >= SINGLE else n for n in token] for token in tokens(raw, mode, punctuation)]
    return ["".join(chr(min(code, 0x10FFFF)) for code in token) for token in codes]


@functools.lru_cache(maxsize=100_000)
def key(numbers: tuple[int, ...], factor: int = MIX) -> int:
    """The key of a token, 0 … 2**32 - 1."""
    total, power = 0, 1
    for number in numbers:
        total, power = total + number * power, power * BASE
    return total * factor % 2**32


def pair_key(before: tuple[int, ...], token: tuple[int, ...]) -> int:
    """The key of two neighbours; () stands for the start or the end of the text."""
    return (key(token) * PAIR - key(before)) % 2**32


def feature_keys(
    raw: bytes, mode: str = "mixed", orders: int = 2, longest: int = 0, punctuation: bool = True, most: int = 4096
) -> list[list[int]]:
    """The keys of tokens, of pairs, and of the n-grams of 2, 3 … `longest` characters from each place, 0 for none."""
    numbers, kinds = written(raw, mode, punctuation)
    found = [tuple(token) for token in re_tokens(numbers, kinds)][:most]
    keys = [[key(token) for token in found]]
    if orders == 2:
        keys.append([pair_key(a, b) for a, b in itertools.pairwise([(), *found, ()])] if found else [])
    padded = [0, *numbers, *[0] * (longest + 1)]
    for n in range(2, longest + 1):
        runs = [tuple(padded[i : i + n]) for i in range(len(numbers) + 1)]
        doubled = [any(a == 0 == b for a, b in itertools.pairwise(run)) for run in runs]
        keys.append([0 if bad else key(tuple(n + 1 for n in run), RUN) for run, bad in zip(runs, doubled, strict=True)])
    return keys


def keys_of(raw: bytes, mode: str = "mixed", orders: int = 2, longest: int = 0) -> list[int]:
    """The keys of all features of a text."""
    return [key for kind in feature_keys(raw, mode, orders, longest) for key in kind if key]


def row_numbers(keys: Sequence[int], rows: Mapping[int, int], buckets: int) -> list[int]:
    """Row numbers of keys, 0 for key 0; an unknown key has that of its bucket, the key's part of the whole range."""
    found = []
    for key in keys:
        signed = key - 2**32 * (key >= 2**31)
        bucket = min(int((signed + 2**31) * buckets / 2**32), buckets - 1) + 1 if buckets else 0
        found.append(0 if not key else rows[key] + buckets if key in rows else bucket)
    return found
