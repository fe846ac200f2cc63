"""A text column with fewer features: a smaller vocabulary of an adapted column, and its bags without the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.features import ragged
from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.features import TextState
from mmkeras.modalities.text.hashing.vocabulary import build_vocabulary
from mmkeras.modalities.text.version2.compact import KEY_BITS, rounded_idf
from mmkeras.modalities.text.version2.displacing import build_vocabulary as displaced

TEXTS = 2**15  # whose bags are read at once
UNUSED = 0  # in place of the key of a row that no feature has


def fewer_features(state: TextState, rows: np.ndarray) -> tuple[TextState, np.ndarray]:
    """The state with the features of some rows alone, and the row in the old table of each row of the new one.

    In version 2 a feature takes two bytes fewer: its idf is rounded, and fewer bits of its key are kept.

    rows: int, of the features to keep, the most important first, without 0. A few may be left out, where the vocabulary
    has no cell for them.
    Returns int64 [new rows]; row 0, of no feature, stays row 0.
    """
    known = state.vocabulary.keys
    first = state.n_rows - len(known)  # the row of the first feature
    # version 1 counts the first rows of a table exactly, those of the most frequent features
    is_first = state.spec.version == 1
    keys = known[(np.sort(rows) if is_first else rows) - first]
    keys = keys[keys != UNUSED]
    vocabulary: Any = build_vocabulary(keys) if is_first else displaced(keys, KEY_BITS)
    order = np.argsort(known, kind="stable")
    places = order[np.searchsorted(known, vocabulary.keys, sorter=order)]  # of each key that is kept
    old_rows = np.where(vocabulary.keys == UNUSED, 0, first + places)
    idf = np.where(vocabulary.keys == UNUSED, 0, state.idf[1 + places])
    idf = np.r_[0.0, idf].astype("float32")
    smaller = replace(state, vocabulary=vocabulary, idf=idf if is_first else rounded_idf(idf))
    return smaller, np.r_[np.arange(first), old_rows]


def changes_of_idf(state: TextState, smaller: TextState, old_rows: np.ndarray) -> np.ndarray:
    """float32 [new rows]: by how much the idf of each row is larger than before. old_rows: of `fewer_features`."""
    before = state.idf[old_rows]
    return np.divide(smaller.idf, before, out=np.ones_like(before), where=before > 0)


def fewer_in_bags(bags: Ragged, old_rows: np.ndarray, changes: np.ndarray, n_rows: int, folder: Path) -> Ragged:
    """Bags of TF-IDF weights without the features that are left out; each is normalised again to length 1.

    old_rows: of `fewer_features`; changes: of `changes_of_idf`; n_rows: of the table before; folder: for the new bags,
    which are mapped into memory.
    They are what the graph computes for the smaller vocabulary, but for features of a text that share a counter.
    """
    new_row = np.zeros(n_rows, "int32")
    new_row[old_rows] = np.arange(len(old_rows))
    new_row[0] = 0  # of no feature, and of rows that no feature has
    kept = [new_row[np.asarray(chunk.columns[0])] > 0 for chunk in _chunks(bags)]
    lengths = [np.bincount(c.row_numbers()[k], minlength=len(c)) for c, k in zip(_chunks(bags), kept, strict=True)]
    starts = np.r_[0, np.cumsum(np.concatenate([np.zeros(0, "int64"), *lengths]))]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "starts.npy", starts)
    shape = (max(1, int(starts[-1])),)  # an empty file cannot be mapped
    rows = np.lib.format.open_memmap(folder / "column0.npy", mode="w+", dtype=np.int32, shape=shape)
    weights = np.lib.format.open_memmap(folder / "column1.npy", mode="w+", dtype=np.float32, shape=shape)
    place = 0
    for chunk, is_kept in zip(_chunks(bags), kept, strict=True):
        text, row = chunk.row_numbers()[is_kept], new_row[chunk.columns[0][is_kept]]
        weight = chunk.columns[1][is_kept] * changes[row]
        norms = np.sqrt(np.bincount(text, np.square(weight, dtype="float64"), minlength=len(chunk)))
        part = slice(place, place + len(text))
        rows[part], weights[part] = row, weight / norms[text]
        place = part.stop
    return ragged.load(folder)


def _chunks(bags: Ragged) -> Iterator[Ragged]:
    """The bags of TEXTS texts at a time."""
    for start in range(0, len(bags), TEXTS):
        yield bags.take(np.arange(start, min(start + TEXTS, len(bags))))


def energies(bags: Ragged, n_rows: int) -> np.ndarray:
    """float64 [n_rows]: the root of the sum of the squared weights of each feature over all texts."""
    total = np.zeros(n_rows)
    for chunk in _chunks(bags):
        total += np.bincount(chunk.columns[0], np.square(chunk.columns[1], dtype="float64"), minlength=n_rows)
    return np.sqrt(total)
