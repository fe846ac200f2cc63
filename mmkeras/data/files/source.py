"""A file's contents as strings: rows, the line each one starts on, and the rows that cannot be used."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: where it starts and why."""

    file: str
    line: int
    column: str
    """The column at fault; empty when the row as a whole is malformed."""
    reason: str


@dataclass(frozen=True)
class Source:
    """The contents of a file as strings, before kinds and roles are chosen."""

    path: str
    encoding: str
    """Value of `encoding` that reads the file the same way again."""
    delimiter: str
    """Empty for all formats but CSV."""
    rows: pd.DataFrame
    """[rows, columns], every cell a str; an empty cell is ''."""
    lines: np.ndarray
    """int64 [rows]: the line each row starts on, from 1 (Parquet and JSON arrays: the row's number, from 1)."""
    malformed: tuple[BadRow, ...]
    """Rows that are not in `rows`, by line."""
    notes: tuple[str, ...] = ()
    """Sentences to print: what of the dialect is a guess, what was skipped."""
    format: str = "CSV"
    """`CSV`, `Parquet`, `JSON lines`, `JSON`, `fastText` or `DataFrame`."""
    named: bool = True
    """Whether the file names its columns; else they are called `column 1`, `column 2`, …"""
    unquoted: frozenset[str] = frozenset()
    """Columns without text in JSON or Parquet: numbers, true, false and null alone."""
    typed: frozenset[str] = frozenset()
    """Columns that the file or frame holds as numbers or dates, not as texts: their cells are in Python's notation or
    ISO 8601, whatever the notation of the model's column is."""
    hint: str = ""
    """A sentence on what may be wrong, for the error where too few columns or rows are left; '' for none."""

    def with_malformed(self) -> Source:
        """The source with a row of empty cells for each malformed row, in the order of the file."""
        if not self.malformed:
            return self
        empty = pd.DataFrame("", index=range(len(self.malformed)), columns=self.rows.columns, dtype=object)
        lines = np.concatenate([self.lines, [bad.line for bad in self.malformed]]).astype(np.int64)
        order = np.argsort(lines, kind="stable")
        rows = pd.concat([self.rows, empty], ignore_index=True).iloc[order].reset_index(drop=True)
        return dataclasses.replace(self, rows=rows, lines=lines[order])
