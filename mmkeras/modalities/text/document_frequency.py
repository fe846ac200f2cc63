"""In how many texts each feature occurs, counted in bounded memory however many features there are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from mmkeras.features.ragged import release

AT_ONCE: Final = 2**23
"""Keys that are sorted in memory at once. The counts of each such part are a file, sorted by key, merged at the end."""


class DocumentFrequencies:
    """Keys of texts, each once a text, are added; the most frequent ones are asked for at the end.

    folder: where counts that memory shall not hold are written.
    """

    def __init__(self, folder: Path, at_once: int = AT_ONCE) -> None:
        self.folder, self.at_once = folder, at_once
        self.texts = 0
        self._parts: list[np.ndarray] = []
        self._waiting = 0
        self._files: list[Path] = []

    def add(self, keys: np.ndarray, texts: int) -> None:
        """Count further texts. keys: uint32 [n], each once for each text that has it. texts: their number."""
        self.texts += texts
        self._parts.append(keys)
        self._waiting += len(keys)
        if self._waiting >= self.at_once:
            keys, counts = self._counted()
            path = self.folder / f"counts{len(self._files)}.npy"
            np.save(path, np.stack([keys, counts.astype("uint32")]))
            self._files.append(path)

    def _counted(self) -> tuple[np.ndarray, np.ndarray]:
        """The waiting keys, sorted, each once, and the texts of each."""
        keys = np.sort(np.concatenate([np.zeros(0, "uint32"), *self._parts]))
        self._parts, self._waiting = [], 0
        first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, int)
        return keys[first], np.diff(np.r_[first, len(keys)])

    def most_frequent(self, at_most: int, min_texts: int) -> tuple[np.ndarray, np.ndarray]:
        """The keys of at least `min_texts` texts, int64 [k], the most frequent first, and the texts of each, int64 [k].

        Of equally frequent keys the smaller one comes first; `at_most` are returned.
        """
        kept, least = np.zeros((2, 0), "int64"), min_texts
        for keys, counts in self._merged():
            enough = np.flatnonzero(counts >= least)
            kept = np.concatenate([kept, np.stack([keys[enough], counts[enough]]).astype("int64")], axis=1)
            if len(kept[0]) > 2 * at_most:
                kept = _first(kept, at_most)
                least = max(least, int(kept[1].min(initial=least)))
        keys, counts = _first(kept, at_most)
        for path in self._files:
            path.unlink()
        return keys, counts

    def _merged(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Keys, each once, and the texts of each, in parts that memory holds."""
        last = self._counted()
        if not self._files:
            yield last
            return
        runs = [np.load(path, mmap_mode="r") for path in self._files] + [np.stack([last[0], last[1].astype("uint32")])]
        total, end = sum(run.shape[1] for run in runs), 1 + max(int(run[0, -1]) for run in runs if run.shape[1])
        edges = np.linspace(0, end, 1 + max(1, -(-2 * total // self.at_once))).astype("int64")  # keys are hashes
        for low, high in itertools.pairwise(edges):
            parts = []
            for run in runs:
                begin = int(np.searchsorted(run[0], np.uint32(low)))
                stop = int(np.searchsorted(run[0], np.uint32(high - 1), side="right"))
                parts.append(np.array(run[:, begin:stop]))
                release(run)
            keys, counts = np.concatenate(parts, axis=1)
            order = np.argsort(keys, kind="stable")
            keys, counts = keys[order], counts[order].astype("int64")
            if len(keys):
                first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
                yield keys[first], np.add.reduceat(counts, first)


def _first(found: np.ndarray, at_most: int) -> np.ndarray:
    """int64 [2, n], keys and counts -> [2, at most `at_most`], the most frequent, of equal ones the smallest key."""
    return found[:, np.lexsort((found[0], -found[1]))[:at_most]]
