"""A column's texts -> keys -> bags or sequences, all on disk, on all cores, in memory that rows do not fill.

One pass over the texts hashes them and counts their features (`hash_to_disk`); the features of each text are then read
once more, for the rows of the vocabulary (`write_bags`, `write_sequences`). The row numbers and weights are those of
the graph's layers, computed for distinct features with their counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.features.appended import AppendedArray
from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.bag import Mean
from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.features import TextLayers, TextState, hash_texts, text_hasher
from mmkeras.modalities.text.hashing.on_arrays import cut, supports, token_keys
from mmkeras.modalities.text.hashing.vocabulary import HASH_BITS
from mmkeras.modalities.text.ngram_names import PAIRS
from mmkeras.modalities.text.row_index import RowIndex
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2 import on_arrays as version2
from mmkeras.modalities.text.version2.vocabulary import place
from mmkeras.modalities.text.version2.weights import WeighedRows
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


class Rows:
    """Keys -> rows of the embedding table, as the graph's look-up has them."""

    def __init__(self, state: TextState) -> None:
        self.vocabulary, self.buckets, self.version = state.vocabulary, state.spec.unknown_buckets, state.spec.version
        self.index = RowIndex(state.vocabulary.keys) if self.version == 1 else self.vocabulary.rows_of

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """uint32 [n] -> int32 [n]; 0 for an unknown feature without buckets."""
        rows = self.index(keys)
        if not self.buckets:
            return rows
        if self.version == 1:
            bucket = (keys >> np.uint32(HASH_BITS)).astype("int32") % self.buckets + 1
        else:
            bucket = np.minimum(place(keys.view("int32"), self.buckets), self.buckets - 1) + 1
        return np.where(rows > 0, rows + np.int32(self.buckets), bucket)


def write_bags(texts: HashedFile, state: TextState, folder: Path) -> None:
    """Each text's bag, in files that `ragged.load` opens: int32 rows, ascending, and float32 weights; without row 0."""
    rows_of, weigh = Rows(state), TextLayers(state, "text").weigh

    def work(part: Hashed) -> Ragged:
        return bag_part(part, rows_of, weigh)

    _write(on_all_cores(work, texts.parts()), ("int32", "float32"), folder)


def bag_part(part: Hashed, rows_of: Rows, weigh: Any) -> Ragged:
    """The bags of some texts whose distinct features are counted. weigh: the graph's layer."""
    text = np.repeat(np.arange(len(part.lengths)), part.lengths)
    rows = rows_of(part.keys)
    known = np.flatnonzero(rows)
    # text, row and count in one number: a plain sort is ten times as fast as that of an index
    entries = np.sort(text[known] << 48 | rows[known].astype("int64") << 16 | np.asarray(part.counts)[known])
    pairs, counts = entries >> 16, (entries & 0xFFFF).astype("float64")
    if rows_of.buckets and len(pairs):  # several unknown features may share a bucket
        first = np.flatnonzero(np.r_[True, pairs[1:] != pairs[:-1]])
        pairs, counts = pairs[first], np.add.reduceat(counts, first)
    text, rows = pairs >> 32, pairs.astype("uint32").astype("int32")
    n = len(part.lengths)
    starts = np.r_[0, np.cumsum(np.bincount(text, minlength=n))]
    return Ragged(starts, (rows, weights(text, rows, counts, n, weigh).astype("float32")))


def weights(text: np.ndarray, rows: np.ndarray, counts: np.ndarray, n: int, weigh: Any) -> np.ndarray:
    """What the layer's weights of a row's entries sum up to, float64 [entries]. n: number of texts."""
    if isinstance(weigh, Mean):
        return counts / np.maximum(np.bincount(text, counts, n), 1.0)[text]
    idf = weigh.idf[rows].astype("float64")
    squares = np.bincount(text, counts * idf**2, n)
    if isinstance(weigh, WeighedRows):
        counter = text * weigh.counters + weigh.counters_of(rows)
        return counts * idf / np.sqrt(_sums_by_place(counter, counts) * squares[text] + 1.0)
    frequent = weigh.frequent
    # as in the layer, rare rows that share a counter count as one
    shared = text * (2 * frequent) + np.where(rows < frequent, rows, frequent + rows % frequent)
    times = _sums_by_place(shared, counts)
    return counts * idf / np.sqrt(times * (squares[text] + 1.0))


def _sums_by_place(place: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """For each entry the sum of the counts of all entries with its place. place: int64 [n] below 2**40."""
    n = len(place)
    if not n:
        return counts
    bits = n.bit_length()
    order = np.sort(place << bits | np.arange(n))
    index, places = order & (2**bits - 1), order >> bits
    first = np.flatnonzero(np.r_[True, places[1:] != places[:-1]])
    sums = np.empty(n)
    sums[index] = np.repeat(np.add.reduceat(counts[index], first), np.diff(np.r_[first, n]))
    return sums


def write_sequences(texts: HashedFile, state: TextState, max_tokens: int, folder: Path) -> None:
    """The row numbers of each text's first `max_tokens` tokens, in order: int32."""
    rows_of = Rows(state)

    def work(part: Hashed) -> Ragged:
        starts = np.r_[0, np.cumsum(part.lengths)]
        position = np.arange(starts[-1]) - np.repeat(starts[:-1], part.lengths)
        kept = np.minimum(part.lengths, max_tokens)
        return Ragged(np.r_[0, np.cumsum(kept)], (rows_of(part.keys[position < max_tokens]),))

    _write(on_all_cores(work, texts.parts()), ("int32",), folder)


def _write(parts: Iterable[Ragged], dtypes: Sequence[str], folder: Path) -> None:
    """Write consecutive rows one part after another, as `ragged.save` writes them at once."""
    folder.mkdir(parents=True, exist_ok=True)
    lengths = [np.zeros(0, "int64")]
    with ExitStack() as stack:
        files = [stack.enter_context(AppendedArray(folder / f"column{k}.npy", dtype)) for k, dtype in enumerate(dtypes)]
        for part in parts:
            lengths.append(part.lengths)
            for file, column in zip(files, part.columns, strict=True):
                file.append(column)
    np.save(folder / "starts.npy", np.r_[0, np.cumsum(np.concatenate(lengths))])
