"""A text column with fewer features: a smaller vocabulary of an adapted column, and its bags without the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.features import TextState
from mmkeras.modalities.text.hashing.vocabulary import build_vocabulary

TEXTS = 2**15  # whose bags are read at once
UNUSED = 0  # in place of the key of a row that no feature has


def fewer_features(state: TextState, rows: np.ndarray) -> tuple[TextState, np.ndarray]:
    """The state with the features of some rows alone, and the row in the old table of each row of the new one.

    rows: int, of the features to keep, without 0. A few may be left out, where the vocabulary has no cell for them.
    Returns int64 [new rows]; row 0, of no feature, stays row 0.
    """
    known = state.vocabulary.keys
    first = state.n_rows - len(known)  # the row of the first feature
    keys = known[np.sort(rows) - first]
    vocabulary = build_vocabulary(keys[keys != UNUSED])
    order = np.argsort(known, kind="stable")
    places = order[np.searchsorted(known, vocabulary.keys, sorter=order)]  # of each key that is kept
    old_rows = np.where(vocabulary.keys == UNUSED, 0, first + places)
    idf = np.where(vocabulary.keys == UNUSED, 0, state.idf[1 + places])
    smaller = replace(state, vocabulary=vocabulary, idf=np.r_[0.0, idf].astype("float32"))
    return smaller, np.r_[np.arange(first), old_rows]


def fewer_in_bags(bags: Ragged, old_rows: np.ndarray, n_rows: int) -> Ragged:
    """Bags of TF-IDF weights without the features that are left out; each is normalised again to length 1.

    old_rows: of `fewer_features`; n_rows: of the table before. It is what the graph computes for the smaller
    vocabulary, but for rare features of a text that share a counter.
    """
    new_row = np.zeros(n_rows, "int32")
    new_row[old_rows] = np.arange(len(old_rows))
    new_row[0] = 0  # of no feature, and of rows that no feature has
    lengths, parts = [np.zeros(0, "int64")], [(np.zeros(0, "int32"), np.zeros(0, "float32"))]
    for start in range(0, len(bags), TEXTS):
        chunk = bags.take(np.arange(start, min(start + TEXTS, len(bags))))
        rows, weights = new_row[chunk.columns[0]], chunk.columns[1]
        text, kept = chunk.row_numbers(), rows > 0
        norms = np.sqrt(np.bincount(text[kept], np.square(weights[kept], dtype="float64"), minlength=len(chunk)))
        lengths.append(np.bincount(text[kept], minlength=len(chunk)))
        parts.append((rows[kept], (weights[kept] / norms[text[kept]]).astype("float32")))
    starts = np.r_[0, np.cumsum(np.concatenate(lengths))]
    return Ragged(starts, (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])))


def energies(bags: Ragged, n_rows: int) -> np.ndarray:
    """float64 [n_rows]: the root of the sum of the squared weights of each feature over all texts."""
    total = np.zeros(n_rows)
    for start in range(0, len(bags), TEXTS):
        chunk = bags.take(np.arange(start, min(start + TEXTS, len(bags))))
        total += np.bincount(chunk.columns[0], np.square(chunk.columns[1], dtype="float64"), minlength=n_rows)
    return np.sqrt(total)
