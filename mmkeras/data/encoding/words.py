"""Words with bytes above 127, taken evenly from a whole file of any size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from mmkeras.system.file_bytes import FileBytes

_BLOCK: Final = 1 << 16
_LONGEST: Final = 400
# Bytes that never stand inside a character of any encoding here: all below "@" but digits, which GB18030 uses.
_BREAKS: Final = np.array([byte < 0x40 and not 0x30 <= byte <= 0x39 for byte in range(256)])


def sample_words(raw: bytes | FileBytes, budget: int = 1 << 16) -> list[bytes]:
    """Distinct words that hold a byte above 127, about `budget` bytes of them, from all parts of the file alike.

    Where no sign or space stands between words, as in Chinese, a "word" is a phrase; it is cut at 400 bytes.
    """
    blocks = [block for block in _blocks(raw) if not raw[block].isascii()]
    share = max(256, budget // max(1, len(blocks)))
    words: dict[bytes, None] = {}
    for block in blocks:
        words.update(dict.fromkeys(_words(raw[block], share)))
    return list(words)


def _blocks(raw: bytes | FileBytes) -> Iterator[slice]:
    """Parts of about 64 KB that end with a line (any length where there are no lines)."""
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start + _BLOCK) + 1 or len(raw)
        yield slice(start, end)
        start = end


def _words(block: bytes, share: int) -> list[bytes]:
    data = np.frombuffer(block, np.uint8)
    breaks = np.concatenate([[-1], np.flatnonzero(_BREAKS[data]), [len(data)]])
    beyond = _evenly(np.flatnonzero(data >= 128), share)
    following = np.searchsorted(breaks, beyond)  # index of the break after each word
    following = following[np.diff(following, prepend=0) > 0]
    starts, ends = breaks[following - 1] + 1, breaks[following]
    count = int(share / np.minimum(ends - starts, _LONGEST).mean())
    return [
        block[starts[i] : min(ends[i], starts[i] + _LONGEST)] for i in _evenly(np.arange(len(starts)), max(1, count))
    ]


def _evenly(values: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the values."""
    return values if len(values) <= count else values[np.linspace(0, len(values) - 1, count).astype(int)]
