"""A column's texts -> the keys of their features, on disk, on all cores, in memory that rows do not fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.features import hash_texts, text_hasher
from mmkeras.modalities.text.hashing.on_arrays import cut, supports, token_keys
from mmkeras.modalities.text.ngram_names import PAIRS
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2 import on_arrays as version2
from mmkeras.system.threads import In, Out, in_order
from mmkeras.system.workers import cpu_count

PART: Final = 2**18
"""Characters of texts that are hashed at once, and features that are weighed at once: they stay in the caches."""
PART_OF_GRAPH: Final = 2**22
PART_TEXTS: Final = 2**13

KeyHasher = Callable[[Sequence[str | bytes]], tuple[np.ndarray, np.ndarray, int]]


@dataclass(frozen=True)
class Hashed:
    """The features of consecutive texts. keys: uint32 [n]; counts: uint16 [n], how often the text has it, or None where
    the keys stand in their order; lengths: int64 [texts], the keys of each. n_truncated: texts longer than max_bytes.
    """

    keys: np.ndarray
    counts: np.ndarray | None
    lengths: np.ndarray
    n_truncated: int


@dataclass(frozen=True)
class HashedFile:
    """What `hash_to_disk` wrote of a split: the arrays of Hashed, keys and counts in files without a header."""

    path: Path
    ordered: bool
    lengths: np.ndarray
    n_truncated: int

    def parts(self) -> Iterator[Hashed]:
        """Consecutive texts of about PART keys."""
        ends = np.cumsum(self.lengths)
        first, begin = 0, 0
        with open(f"{self.path}.keys", "rb") as keys, open(f"{self.path}.counts", "rb") as counts:
            while first < len(ends):
                last = max(int(np.searchsorted(ends, begin + PART, "right")), first + 1)
                last = min(last, first + PART_TEXTS)
                n = int(ends[last - 1]) - begin
                of_part = np.fromfile(keys, "uint32", n)
                counted = None if self.ordered else np.fromfile(counts, "uint16", n)
                yield Hashed(of_part, counted, self.lengths[first:last], 0)
                first, begin = last, begin + n


def hash_to_disk(
    cells: Iterable[str | bytes],
    spec: TextSpec,
    table: np.ndarray,
    path: Path,
    ordered: bool,
    frequencies: DocumentFrequencies | None,
) -> HashedFile:
    """Hash every text once and write the features. ordered: keep the order of the tokens, for sequences.

    path: of the files, without an ending. frequencies: counts the features; None: the vocabulary is known.
    """
    on_arrays, hasher = supports(spec), key_hasher(spec, table)

    def work(texts: list[str | bytes]) -> Hashed:
        return hash_part(texts, hasher, ordered)

    lengths, n_truncated = [np.zeros(0, "int64")], 0
    with open(f"{path}.keys", "wb") as keys, open(f"{path}.counts", "wb") as counts:
        for part in on_all_cores(work, in_parts(cells, PART if on_arrays else PART_OF_GRAPH), on_arrays):
            part.keys.tofile(keys)
            if part.counts is not None:
                part.counts.tofile(counts)
            if frequencies is not None:
                frequencies.add(part.keys if not ordered else distinct(part).keys, len(part.lengths))
            lengths.append(part.lengths)
            n_truncated += part.n_truncated
    return HashedFile(path, ordered, np.concatenate(lengths), n_truncated)


def key_hasher(spec: TextSpec, table: np.ndarray) -> KeyHasher:
    """Texts -> the keys of their features, uint32 [n], the text of each, and the number of texts that were cut.

    By NumPy where it can (`supports`), else by the graph's layers.
    """
    if not supports(spec):
        hasher = text_hasher(spec, table)

        def by_the_graph(texts: Sequence[str | bytes]) -> tuple[np.ndarray, np.ndarray, int]:
            hashed = hash_texts(texts, spec, table, hasher)
            return hashed.keys.columns[0].astype("uint32"), hashed.keys.row_numbers(), hashed.n_truncated

        return by_the_graph
    numbers = None if spec.version == 1 else version2.numbers_of_codes(table)

    def by_numpy(texts: Sequence[str | bytes]) -> tuple[np.ndarray, np.ndarray, int]:
        short, n_truncated = cut(texts, spec.max_bytes)
        if numbers is None:
            keys, text = token_keys(short, spec, table, PAIRS)
        else:
            keys, text = version2.token_keys(short, spec, numbers)
        return keys.astype("uint32"), text, n_truncated

    return by_numpy


def hash_part(texts: Sequence[str | bytes], hasher: KeyHasher, ordered: bool) -> Hashed:
    """The features of some texts. ordered: in the order of the text, of tokens alone."""
    keys, text, n_truncated = hasher(texts)
    if not ordered:
        return _counted(text.astype("int64") << 32 | keys, len(texts), n_truncated)
    order = np.argsort(text, kind="stable")
    return Hashed(keys[order], None, np.bincount(text, minlength=len(texts)), n_truncated)


def distinct(part: Hashed) -> Hashed:
    """The features of each text once, with their counts."""
    text = np.repeat(np.arange(len(part.lengths)), part.lengths)
    return _counted(text << 32 | part.keys, len(part.lengths), part.n_truncated)


def _counted(pairs: np.ndarray, texts: int, n_truncated: int) -> Hashed:
    """text << 32 | key, int64 [n] -> the keys of each text once, and their counts."""
    pairs = np.sort(pairs)
    first = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]]) if len(pairs) else np.zeros(0, "int64")
    counts = np.diff(np.r_[first, len(pairs)]).astype("uint16")
    once = pairs[first]
    lengths = np.diff(np.searchsorted(once, np.arange(texts + 1) << 32))
    return Hashed((once & (2**32 - 1)).astype("uint32"), counts, lengths, n_truncated)


def in_parts(cells: Iterable[str | bytes], characters: int) -> Iterator[list[str | bytes]]:
    """Consecutive cells in lists of about so many characters."""
    part: list[str | bytes] = []
    size = 0
    for cell in cells:
        part.append(cell)
        size += len(cell) + 1
        if size >= characters or len(part) >= PART_TEXTS:
            yield part
            part, size = [], 0
    if part:
        yield part


def on_all_cores(work: Callable[[In], Out], items: Iterable[In], parallel: bool = True) -> Iterator[Out]:
    """The results of `work` in the order of the items, a few of which are worked on at a time, by threads."""
    cores = cpu_count()
    if not parallel or cores == 1:
        yield from map(work, items)
        return
    yield from in_order(work, items, cores, 2 * cores)
