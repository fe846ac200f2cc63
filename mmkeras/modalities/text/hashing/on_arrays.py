"""The graph's tokens and pairs, version 1, in NumPy: many texts at once, without padding, at a tenth of the cost.

A training reads every text once, here; what it exports is the graph. Both compute the same keys (the tests compare
them on hostile texts); what has no form here (`supports`) is hashed by the graph's layers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.modalities.text.cells import truncate
from mmkeras.modalities.text.hashing.characters import BMP, GONE
from mmkeras.modalities.text.hashing.tokenizer import BASES, LONGEST, PRIMES
from mmkeras.modalities.text.spec import TextSpec

MODULI = tuple(PRIMES.ravel().astype(int).tolist())
POWERS = [
    np.array([pow(base, i, prime) for i in range(LONGEST)], "int64") for prime, base in zip(MODULI, BASES, strict=True)
]  # base ** position in the token
BOTH = POWERS[0] | POWERS[1] << 32


def supports(spec: TextSpec) -> bool:
    """Can `token_keys` hash the texts of a spec? Else the graph does."""
    return spec.mode != "byte" and not spec.char_ngrams


def cut(cells: Sequence[str | bytes], max_bytes: int) -> tuple[list[str], int]:
    """Cells as the graph reads them, each cut at `max_bytes` bytes of UTF-8, and the number that were longer.

    Ill-formed bytes are lone surrogates, which separate tokens as every ill-formed byte does.
    """
    texts, n_truncated = [], 0
    for cell in cells:
        if isinstance(cell, str) and cell.isascii():
            n_truncated += len(cell) > max_bytes
            texts.append(cell[:max_bytes])
            continue
        raw = cell if isinstance(cell, bytes) else cell.encode("utf-8", "replace")
        short = truncate(raw, max_bytes)
        n_truncated += len(short) < len(raw)
        texts.append(short.decode("utf-8", "surrogateescape"))
    return texts, n_truncated


def token_keys(texts: Sequence[str], spec: TextSpec, table: np.ndarray, pairs: Sequence[int]) -> tuple[np.ndarray, ...]:
    """The keys of the tokens of texts, then of their pairs, int64 [n]; and the text of each, int64 [n].

    texts: of `cut`. table: of characters, int32 [65537]. pairs: the two factors that combine a token with the next.
    """
    characters, ends = _characters(texts, table)
    word = characters > 0
    start = characters != 0
    start[1:] &= ~(word[1:] & word[:-1])
    first = np.flatnonzero(start)
    if not len(first):
        return np.zeros(0, "int64"), np.zeros(0, "int64")
    hashes = _hashes(np.abs(characters), first)
    counts = np.diff(np.searchsorted(first, np.r_[0, ends]))  # tokens of each text
    text = np.repeat(np.arange(len(texts)), counts)
    if counts.max() > spec.max_tokens:
        kept = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts) < spec.max_tokens
        text, hashes = text[kept], [h[kept] for h in hashes]
    keys = hashes[0] << 12 | hashes[1]
    if spec.orders == 1:
        return keys, text
    same = text[1:] == text[:-1]
    both = [(h[1:] * factor + h[:-1]) % p for h, factor, p in zip(hashes, pairs, MODULI, strict=True)]
    return np.concatenate([keys, (both[0] << 12 | both[1])[same]]), np.concatenate([text, text[1:][same]])


def _hashes(folded: np.ndarray, first: np.ndarray) -> list[np.ndarray]:
    """Folded characters [n], 0 for a separator, and the first one of each token -> the two hashes of each token."""
    lengths = np.diff(np.r_[0, first, len(folded)]).astype("int32")
    before = np.r_[0, first].astype("int32")
    place = np.arange(len(folded), dtype="int32") - np.repeat(before, lengths)
    np.minimum(place, LONGEST - 1, out=place)  # of separators, whose character is 0
    largest = int(folded.max())
    if largest < min(MODULI) and largest * max(MODULI) * int(lengths.max()) < 2**32:  # both sums fit into one number
        sums = np.add.reduceat(folded * BOTH[place], first)
        return [(sums & (2**32 - 1)) % MODULI[0], (sums >> 32) % MODULI[1]]
    return [
        np.add.reduceat(folded.astype("int64") % prime * powers[place], first) % prime
        for prime, powers in zip(MODULI, POWERS, strict=True)
    ]


def _characters(texts: Sequence[str], table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers of `character_table` of the texts one after another, a separator behind each, without GONE ones.

    Returns them, int8 or int32 [n], and the end of each text, int64 [texts], behind its separator.
    """
    ends = np.cumsum(np.fromiter(map(len, texts), "int64", len(texts)) + 1)
    joined = "\0".join(texts) + "\0"
    if joined.isascii():
        characters = np.frombuffer(joined.encode("ascii").translate(_ascii(table)), "int8")
    else:
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "int32")
        characters = table[np.minimum(codes, BMP)]
        beyond = codes > BMP
        if beyond.any():
            characters[beyond] = np.sign(table[BMP]) * codes[beyond]
    gone = characters == GONE
    if not gone.any():
        return characters, ends
    return characters[~gone], ends - np.cumsum(gone)[ends - 1]


def _ascii(table: np.ndarray) -> bytes:
    """Byte -> the number of its character as int8, for ASCII alone."""
    return np.r_[table[:128], np.zeros(128, "int32")].astype("int8").tobytes()
