"""The rule of tokens, read a second time: plain Python, one character after another, to hold against the graph.

Written from the rule's text, not from mmkeras' code, of which it imports nothing: characters are whatever slices
Python's strict UTF-8 decoder accepts, classes are asked of `unicodedata` one by one, hashes are sums of Python's
unbounded integers. Also the hostile texts that every runtime must read alike.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

PRIMES = (4079, 3989)
BASES = (257, 1031)
PAIR = (2741, 1597)
FREQUENT = 4096
GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "tokens.jsonl"
GOLDEN_UNICODE = "14.0.0"  # of Python 3.11, which made the golden tokens
GOLDEN_TEXTS = 4974 if unicodedata.unidata_version == GOLDEN_UNICODE else 4378  # without the random code points


# ---------------------------------------------------------------- tokens


def characters(raw: bytes) -> Iterator[str]:
    """The characters of UTF-8 bytes; NUL, which separates, for every ill-formed byte, or overlong form and the like."""
    at = 0
    while at < len(raw):
        for length in (1, 2, 3, 4):
            try:
                yield raw[at : at + length].decode("utf-8")
                break
            except UnicodeDecodeError:
                continue
        else:
            shaped = re.match(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}", raw[at:])
            length = shaped.end() if shaped else 1
            yield "\0"
        at += length


@functools.cache
def folded_and_kind(char: str, mode: str) -> tuple[str, str]:
    """A character -> what it is folded to, and `word`, `single`, `dropped` or `separator`."""
    if ord(char) > 0xFFFF:  # beyond the Basic Multilingual Plane nothing is folded: the golden tokens have U+104D2
        folded, kind = char, "single"
    else:
        if "！" <= char <= "～":
            char = chr(ord("!") + ord(char) - ord("！"))
        folded = char.lower() if len(char.lower()) == 1 else char
        category = unicodedata.category(folded)
        if folded in "'’\u00ad\u200d\ufe0f":
            return folded, "dropped"
        if (
            "\u3040" <= folded <= "\u30ff"  # kana
            or "\u3400" <= folded <= "\u9fff"  # Han
            or "\uf900" <= folded <= "\ufaff"  # Han, compatibility forms
            or "\u0e00" <= folded <= "\u0e7f"  # Thai
            or (category in ("So", "Sk") and folded > "\u2000")
        ):
            kind = "single"
        else:
            kind = "word" if category[0] in ("L", "M", "N") else "separator"
    if kind in ("word", "single"):
        kind = {"mixed": kind, "word": "word", "character": "single"}[mode]
    return folded, kind


def tokens(raw: bytes, mode: str = "mixed") -> list[str]:
    """The tokens of UTF-8 bytes, the shortest way to say the rule."""
    if mode == "byte":
        return [chr(byte) for byte in raw if byte != 0]
    found, word = [], ""
    for char in characters(raw):
        folded, kind = folded_and_kind(char, mode)
        if kind == "dropped":
            continue
        if kind == "word":
            word += folded
            continue
        if word:
            found.append(word)
        word = ""
        if kind == "single":
            found.append(folded)
    return [*found, word] if word else found


# ---------------------------------------------------------------- hashes, row numbers, weights


@functools.cache
def token_hash(token: str) -> tuple[int, int]:
    """The two polynomial hashes of a token."""
    h1, h2 = (sum(ord(char) * base**place for place, char in enumerate(token)) % prime for prime, base in hashing())
    return h1, h2


def hashing() -> Iterator[tuple[int, int]]:
    """Both primes with their bases."""
    return zip(PRIMES, BASES, strict=True)


def token_hashes(raw: bytes, mode: str = "mixed", max_tokens: int = 4096) -> list[tuple[int, int]]:
    """The hashes of the tokens of UTF-8 bytes."""
    return [token_hash(token) for token in tokens(raw, mode)[:max_tokens]]


def pair_hash(before: tuple[int, int], token: tuple[int, int]) -> tuple[int, int]:
    """The hashes of two neighbours."""
    h1, h2 = ((t * m + b) % p for t, b, m, p in zip(token, before, PAIR, PRIMES, strict=True))
    return h1, h2


def key(hashes: tuple[int, int]) -> int:
    """Two hashes as the one number a Vocabulary keeps."""
    return hashes[0] * 4096 + hashes[1]


def features(hashes: Sequence[tuple[int, int]], orders: int = 2) -> list[list[int]]:
    """Token hashes -> the keys of the tokens and (`orders` 2) of the pairs that end at each token, -1 for the first."""
    keys = [[key(h) for h in hashes]]
    if orders == 2:
        pairs = [key(pair_hash(a, b)) for a, b in itertools.pairwise(hashes)]
        keys.append([-1, *pairs][: len(hashes)])
    return keys


def written(raw: bytes, mode: str = "mixed") -> str:
    """What is read of a text, behind the separator that every text begins with; NUL for each separator."""
    if mode == "byte":
        return "\0" + "".join(map(chr, raw))
    kept = [folded_and_kind(char, mode) for char in characters(raw)]
    return "\0" + "".join("\0" if kind == "separator" else folded for folded, kind in kept if kind != "dropped")


def run_keys(raw: bytes, mode: str, longest: int) -> list[list[int]]:
    """For each length from 2 on: the key of the run from every place, -1 where two separators are side by side."""
    text = written(raw, mode)
    text += "\0" * (longest + 1)
    keys = []
    for n in range(2, longest + 1):
        runs = [text[i : i + n] for i in range(len(text) - longest)]
        keys.append([-1 if "\0\0" in run else key(run_hash(run)) for run in runs])
    return keys


@functools.cache
def run_hash(run: str) -> tuple[int, int]:
    """Like a token's, of characters that count from 1, one place further on."""
    h1, h2 = (
        sum((ord(c) + 1) * pow(base, i - 1, prime) for i, c in enumerate(run)) % prime for prime, base in hashing()
    )
    return h1, h2


def keys_of(raw: bytes, mode: str = "mixed", orders: int = 2, char_ngrams: int = 0) -> list[int]:
    """All feature keys of a text: its tokens', its pairs', then those of its runs of characters."""
    of_runs = run_keys(raw, mode, char_ngrams) if char_ngrams else []
    return [k for keys in (*features(token_hashes(raw, mode), orders), *of_runs) for k in keys if k >= 0]


def row_numbers(keys: Sequence[int], rows: Mapping[int, int], unknown_buckets: int = 0) -> list[int]:
    """Feature keys -> row numbers; 0 for none."""
    numbers = []
    for k in keys:
        if k < 0:
            numbers.append(0)
        elif k in rows:
            numbers.append(rows[k] + unknown_buckets)
        else:
            numbers.append(k // 4096 % unknown_buckets + 1 if unknown_buckets else 0)
    return numbers


def tf_idf(numbers: Sequence[int], idf: Sequence[float]) -> dict[int, float]:
    """Row numbers -> the weight of each distinct one: the square root of its count times idf, of unit length."""
    weights = {row: math.sqrt(n) * idf[row] for row, n in Counter(numbers).items() if row}
    norm = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {row: weight / norm for row, weight in weights.items()}


def counters_collide(numbers: Sequence[int]) -> bool:
    """Do two different rare rows of a text share a counter (row modulo FREQUENT)?"""
    rare = {row for row in numbers if row >= FREQUENT}
    return len({row % FREQUENT for row in rare}) < len(rare)


# ---------------------------------------------------------------- texts


def golden() -> list[tuple[str, list[str]]]:
    """The golden texts and their tokens; [] in a checkout that has no ../shared/conformance."""
    if not GOLDEN.exists():
        return []
    lines = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
    if unicodedata.unidata_version != GOLDEN_UNICODE:  # other Pythons assign more code points
        lines = [line for line in lines if line["kind"] != "random code points"]
    return [(line["text"], line["tokens"]) for line in lines]


def bmp_texts() -> list[bytes]:
    """All characters of the Basic Multilingual Plane, each in a word, 250 a text; surrogates as some programs do."""
    words = [f"x{chr(code)}y ".encode("utf-8", "surrogatepass") for code in range(1, 0x10000)]
    return [b"".join(words[i : i + 250]) for i in range(0, len(words), 250)]


LONG_WORD = "pneumonoultramicroscopicsilicovolcanoconiosis" * 223  # 10,035 letters

HOSTILE_TEXTS: tuple[bytes, ...] = (
    # nothing, or next to nothing
    b"",
    b" ",
    b"\0",
    b"\0\0\0\0",
    b" \t\r\n\x0b\x0c\x1c\x85\xc2\xa0\xe2\x80\xa8\xe3\x80\x80",
    b'!?.,;:-_()[]{}<>/\\|@#$%^&*+=~`"',
    b"''''",
    "’'\u00ad\u200d\ufe0f".encode(),
    b"a",
    b"Z",
    b"'a'",
    b"7",
    # words and what parts them
    b"don't stop",
    "don’t co\u00adoperate".encode(),
    b"rock 'n' roll",
    b"a b c d e f g h i j k l m n o p q r s t u v w x y z",
    b"a.b,c;d-e_f/g\\h",
    b"snake_case camelCase COVID-19 3.14 1,000",
    b"  leading and trailing  ",
    b"same same same same but different",
    b"nul\0inside\0\0words",
    b"\0leading nul",
    b"trailing nul\0",
    # folding
    "ＦＵＬＬ　ｗｉｄｔｈ　１２３！".encode(),
    "＇ＩＴ＇Ｓ＇".encode(),  # a full-width apostrophe is one, too
    "İstanbul ISTANBUL ıstanbul".encode(),  # İ lower-cased is two code points: it stays
    "STRASSE Straße ẞ ß".encode(),
    "ΣΊΣΥΦΟΣ σίσυφος Σ".encode(),
    "\u212a \u212b \u2126 Å".encode(),  # Kelvin, Ångström, Ohm
    "ǅ ǆ Ǆ ﬁ ﬀ".encode(),
    "𐐀𐐨 𐓒 \U0001e900".encode(),  # Deseret, Osage, Adlam: beyond U+FFFF nothing is folded
    # scripts
    "中文 and English mixed文本".encode(),
    "乐育財，大幅。「３」".encode(),
    "タスカナ ｶﾀｶﾅ ひらがな ー".encode(),
    "สวัสดีชาวโลก".encode(),
    "안녕하세요 세계".encode(),
    "नमस्ते दुनिया".encode(),
    "مرحبا بالعالم".encode(),
    "e\u0301te\u0301 été".encode(),
    "Ⅷ ½ ² ① ٣ ५".encode(),
    "™ © ® ° ´ ` ^ ¨ ℃ ≠ → ♥ ﷼".encode(),
    "㐀 䶿 一 鿿 豈 \ufaff \u3040 \u30ff \u3400 \u9fff \u33ff \ua000".encode(),  # the blocks' ends
    # emoji
    "😀".encode(),
    "a😀b".encode(),
    "👨\u200d👩\u200d👧 ❤\ufe0f 🇩🇪 👍🏽".encode(),
    "\U00010000 \U0001ffff \U00020000 \U0010fffd \U0010ffff".encode(),
    "\ufffd \ufffe \uffff \ue000".encode(),
    # ill-formed UTF-8
    b"overlong \xc0\xaf \xc1\xbf \xe0\x80\xaf \xe0\x9f\xbf \xf0\x80\x80\xaf \xf0\x8f\xbf\xbf end",
    b"C0 80 is not NUL: a\xc0\x80b",
    b"surrogates \xed\xa0\x80 a\xed\xb0\x80b \xed\xa0\xbd\xed\xb8\x80 \xed\xbf\xbf",
    b"beyond \xf4\x90\x80\x80 \xf5\x80\x80\x80 \xf7\xbf\xbf\xbf \xf8\x88\x80\x80\x80 \xfc \xfe \xff",
    b"last good \xf4\x8f\xbf\xbf \xed\x9f\xbf \xee\x80\x80 \xe0\xa0\x80 \xf0\x90\x80\x80 \xc2\x80 \xdf\xbf",
    b"stray \x80 a\x80b a\xbf\xbfb \x80\x80\x80\x80\x80",
    b"\x80\xbf\x80\xbf\x80",
    b"cut \xe4",
    b"cut \xe4\xb8",
    b"cut \xf0\x9f\x98",
    b"cut\xc3",
    b"\xe4\xb8a \xf0\x9f\x98b \xc3c \xf0\x9f\xe4\xb8\xad",
    b"\xf0\x9f\x98\x80\x80",
    b"\xe4\xb8\xad\xb8\xad",
    b"\xff\xfeh\0i\0",  # UTF-16
    b"caf\xe9 na\xefve",  # Latin-1
    b"\xd6\xd0\xce\xc4",  # GB18030
    bytes(range(256)),
    bytes(range(255, -1, -1)),
    # long
    LONG_WORD.encode(),
    b"a" * 4096,
    b"a " * 2048,
    "中".encode() * 1366,
    "😀".encode() * 1025,
    b"'" * 5000 + b"end",
    b"word " * 400 + "中文😀".encode() * 300,
)
