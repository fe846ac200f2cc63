"""The cells of a CSV file's records, column by column: long cells of a large file go to a scratch file at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.values.stored_texts import StoredTexts, TextFile

LARGE: Final = 2**25
"""Bytes of a file from which its long cells are stored."""
LONG: Final = 16
"""Mean characters of a column's cells, among the first ones, from which they are stored."""
AT_ONCE: Final = 2**14
CHARACTERS: Final = 2**23
MOST_SHARED: Final = 2**16
"""Different cells of a column that are kept once each; a column with more does not repeat."""

Column = list[str] | StoredTexts


class Cells:
    """Takes records of equal width. large: is the file large?"""

    def __init__(self, large: bool) -> None:
        self.large = large
        self._records: list[list[str]] = []
        self._columns: list[_Column] = []
        self._count = self._characters = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, records: list[list[str]]) -> None:
        """Add records."""
        self._records += records
        self._count += len(records)
        if self.large:
            self._characters += sum(sum(map(len, record)) for record in records)
            if len(self._records) >= AT_ONCE or self._characters >= CHARACTERS:
                self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._records, strict=True))
        self._columns = self._columns or [_Column(cells) for cells in columns]
        for column, cells in zip(self._columns, columns, strict=True):
            column.add(cells)
        self._records, self._characters = [], 0

    def columns(self) -> list[Column]:
        """The cells of each column; [] without records."""
        if not self._columns:
            return [list(cells) for cells in zip(*self._records, strict=True)]
        return [column.whole() for column in self._whole()]

    def kept(self, rows: np.ndarray) -> Cells:
        """The cells of some records. rows: int [n], ascending."""
        if not self._columns:
            self._records = [self._records[i] for i in rows]
        else:
            self._columns = [column.kept(rows) for column in self._whole()]
        self._count = len(rows)
        return self

    def _whole(self) -> list[_Column]:
        if self._records:
            self._flush()
        return self._columns

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The records once more."""
        return zip(*self.columns(), strict=True)


class _Column:
    """The cells of a column so far. first: the first ones, which tell whether they are stored."""

    def __init__(self, first: Sequence[str]) -> None:
        self.file = TextFile() if sum(map(len, first)) >= LONG * len(first) else None
        self.offsets, self.lengths = list[np.ndarray](), list[np.ndarray]()
        self.cells: list[str] = []
        self.shared: dict[str, str] = {}

    def add(self, cells: Sequence[str]) -> None:
        if self.file is None:
            if len(self.shared) < MOST_SHARED:
                cells = [self.shared.setdefault(cell, cell) for cell in cells]
            self.cells += cells
            return
        offsets, lengths = self.file.append(cells)
        self.offsets.append(offsets)
        self.lengths.append(lengths)

    def kept(self, rows: np.ndarray) -> _Column:
        if self.file is None:
            self.cells = [self.cells[i] for i in rows]
        else:
            self.offsets = [np.concatenate(self.offsets)[rows]]
            self.lengths = [np.concatenate(self.lengths)[rows]]
        return self

    def whole(self) -> Column:
        if self.file is None:
            return self.cells
        return StoredTexts(self.file, np.concatenate(self.offsets), np.concatenate(self.lengths))


def frame_of(names: Sequence[str], columns: Sequence[Column]) -> pd.DataFrame:
    """A frame of strings, or of StoredTexts."""
    if not any(isinstance(column, StoredTexts) for column in columns):
        return pd.DataFrame(dict(zip(names, columns, strict=True)), dtype=object)
    of = {
        name: column if isinstance(column, StoredTexts) else pd.Series(column, dtype=object)
        for name, column in zip(names, columns, strict=True)
    }
    return pd.DataFrame(of)
