"""Rows of unequal length in flat arrays: the format of memory-mapped features on disk."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

AT_ONCE = 512  # rows that are taken before their pages are given back


def release(array: np.ndarray) -> None:
    """Give the pages of a memory-mapped array back: what is read of a file counts as memory of the process else."""
    mapped = getattr(array, "_mmap", None)
    if mapped is not None and hasattr(mapped, "madvise"):
        mapped.madvise(mmap.MADV_DONTNEED)


@dataclass(frozen=True)
class Ragged:
    """Row i is `[column[starts[i] : starts[i + 1]] for column in columns]`. starts: int64 [n + 1]."""

    starts: np.ndarray
    columns: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Int64 [n], the number of entries of each row."""
        return np.diff(self.starts)

    def take(self, index: np.ndarray) -> Ragged:
        """The rows `index`, in that order."""
        lengths = self.lengths[index]
        starts = np.r_[0, np.cumsum(lengths)]
        taken = tuple(np.empty(starts[-1], column.dtype) for column in self.columns)
        for k in range(0, len(lengths), AT_ONCE):
            part = slice(k, k + AT_ONCE)
            begin, end = starts[k], starts[min(k + AT_ONCE, len(lengths))]
            places = np.repeat(self.starts[index[part]] - starts[:-1][part], lengths[part]) + np.arange(begin, end)
            for column, entries in zip(self.columns, taken, strict=True):
                entries[begin:end] = column[places]
                release(column)
        return Ragged(starts, taken)

    def padded(self, width: int | None = None) -> tuple[np.ndarray, ...]:
        """Each column as [n, width], padded with zeros; `width` None: length of the longest row (at least 1)."""
        lengths = self.lengths
        width = width or max(1, int(lengths.max(initial=1)))
        filled = np.arange(width) < lengths[:, None]  # [n, width]
        result = []
        for column in self.columns:
            dense = np.zeros((len(self), width), column.dtype)
            dense[filled] = column[self.starts[0] : self.starts[-1]]
            result.append(dense)
        return tuple(result)

    def row_numbers(self) -> np.ndarray:
        """Int64 [entries]: the row of each entry."""
        return np.repeat(np.arange(len(self)), self.lengths)


def from_mask(filled: np.ndarray, *columns: np.ndarray) -> Ragged:
    """Bool [n, width] and columns [n, width] -> the entries where `filled`, row by row."""
    return Ragged(np.r_[0, np.cumsum(filled.sum(1))], tuple(column[filled] for column in columns))


def concatenate(parts: Sequence[Ragged]) -> Ragged:
    """The rows of all parts, one after another."""
    starts = np.r_[0, np.cumsum(np.concatenate([part.lengths for part in parts]))]
    return Ragged(starts, tuple(np.concatenate(columns) for columns in zip(*(p.columns for p in parts), strict=True)))


def save(ragged: Ragged, folder: Path) -> None:
    """Write one .npy file for each array into a folder, which is created."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "starts.npy", ragged.starts)
    for k, column in enumerate(ragged.columns):
        np.save(folder / f"column{k}.npy", column)


def load(folder: Path) -> Ragged:
    """Open the files of `save` memory-mapped: only the rows of a batch are read."""
    columns = sorted(folder.glob("column*.npy"))
    return Ragged(np.load(folder / "starts.npy"), tuple(np.load(path, mmap_mode="r") for path in columns))
