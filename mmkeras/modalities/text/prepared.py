"""The keys of a column's texts -> bags or sequences, on disk, on all cores, in memory that rows do not fill.

The texts have been hashed and their features counted in one pass (`hashed_files`); the features of each text are read
once more, for the rows of the vocabulary. The row numbers and weights are those of the graph's layers, computed for
distinct features with their counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.features.appended import AppendedArray
from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.bag import Mean
from mmkeras.modalities.text.features import TextLayers, TextState
from mmkeras.modalities.text.hashed_files import Hashed, HashedFile, on_all_cores
from mmkeras.modalities.text.hashing.vocabulary import HASH_BITS
from mmkeras.modalities.text.row_index import RowIndex
from mmkeras.modalities.text.version2.vocabulary import place
from mmkeras.modalities.text.version2.weights import WeighedRows


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
