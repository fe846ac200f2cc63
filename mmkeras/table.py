"""The table to learn from or to answer: which columns there are, what they hold, and which rows can be used.

pandas only: `mmkeras predict` reads its rows here and must start without TensorFlow, Keras or scikit-learn.
"""

from __future__ import annotations

import csv
import dataclasses
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from mmkeras.columns import Column, choose_columns, is_empty, no_column, to_numbers
from mmkeras.config import Config
from mmkeras.errors import InputError
from mmkeras.reading import BadRow, Source, read_source

__all__ = ["BadRow", "Column", "Table", "describe", "read_rows", "read_table", "write_bad_rows", "write_csv"]


@dataclass(frozen=True)
class Table:
    """A file after checking: the rows that are good, and those that are not and why."""

    path: str
    encoding: str
    delimiter: str
    """Empty for Parquet."""
    columns: tuple[Column, ...]
    """Inputs in the file's order, then the target if there is one."""
    rows: pd.DataFrame
    """[rows, all columns of the file], every cell a str, index 0…n-1. Empty cells are ''. Labels have their white
    space folded; number cells are '' or parse as a finite float."""
    lines: np.ndarray
    """int64 [rows]: the line of the file each row starts on."""
    bad_rows: tuple[BadRow, ...]
    ignored: tuple[Column, ...] = ()
    """Columns of the file that are not used."""
    notes: tuple[str, ...] = ()
    """Sentences to print."""

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The input columns."""
        return tuple(column for column in self.columns if column.role == "input")

    @property
    def target(self) -> Column | None:
        """The target column; None in a prediction file without one."""
        return next((column for column in self.columns if column.role == "target"), None)


def read_table(config: Config) -> Table:
    """Read the CSV to learn from, choose its columns' kinds and roles, and set unusable rows apart.

    Raises InputError for a file, column or flag that cannot be used, or more than `max_bad_rows` bad rows.
    """
    source = read_source(config.csv, config.encoding, config.delimiter)
    names, rows, malformed = list(source.rows.columns), len(source.rows), source.malformed
    if len(names) < 2:
        raise InputError(
            f"{source.path}: expected at least two columns, an input and a target; found only {_cut(names[0])!r} "
            f"(delimiter {source.delimiter!r}). Give the right --delimiter, or add a column."
        )
    if not rows or len(malformed) > config.max_bad_rows * (rows + len(malformed)):
        raise _too_many_bad_rows(source.path, malformed, rows + len(malformed), config.max_bad_rows)
    columns, ignored, notes = choose_columns(source, config)
    table = _check_rows(source, columns, keep_all=False, max_bad_rows=config.max_bad_rows)
    notes += _check_labels(table)
    return dataclasses.replace(table, ignored=ignored, notes=tuple(notes))


def read_rows(
    path: str | Path,
    columns: Sequence[Column],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    target_optional: bool = True,
    keep_all: bool = True,
    max_bad_rows: float = 1.0,
) -> Table:
    """Read a validation or prediction file that has the given columns, and perhaps more.

    columns: those of the table the model was trained on.
    target_optional: the target column may be missing; then `Table.columns` has none.
    keep_all: every row stays in `rows`, for an answer to each: unreadable ones as empty cells; they are in `bad_rows`
        too. An empty target is then no fault. False drops the bad rows, as `read_table` does.
    max_bad_rows: largest share of bad rows to accept.
    Raises InputError as `read_table` does.
    """
    source = read_source(path, encoding, delimiter)
    names = list(source.rows.columns)
    there = []
    for column in columns:
        if column.name in names:
            there.append(column)
        elif column.role == "input" or not target_optional:
            raise no_column(column.name, names, f"{path}: the {column.role} column")
    return _check_rows(source, tuple(there), keep_all=keep_all, max_bad_rows=max_bad_rows)


def _check_rows(source: Source, columns: tuple[Column, ...], keep_all: bool, max_bad_rows: float) -> Table:
    """Set apart the rows without target, without any input, or with a word where a number should be."""
    frame, lines, path = source.rows, source.lines, source.path
    if keep_all and source.malformed:
        empty = pd.DataFrame("", index=range(len(source.malformed)), columns=frame.columns, dtype=object)
        lines = np.concatenate([lines, [bad.line for bad in source.malformed]]).astype(np.int64)
        order = np.argsort(lines, kind="stable")
        frame, lines = pd.concat([frame, empty], ignore_index=True).iloc[order].reset_index(drop=True), lines[order]
    end = len(frame)
    while not keep_all and end > 1 and not any(frame.iloc[end - 1]):
        end -= 1  # spreadsheets leave rows of bare delimiters at the end
    frame, lines = frame.iloc[:end].copy(deep=False), lines[:end]
    bad = {row.line: row for row in source.malformed}
    empty_inputs = np.ones(len(frame), dtype=bool)
    for column in columns:
        cells = frame[column.name]
        if column.role == "target":
            frame[column.name] = cells = cells.map(lambda cell: " ".join(cell.split()))
            for i in [] if keep_all else np.flatnonzero(cells == ""):
                bad.setdefault(int(lines[i]), BadRow(path, int(lines[i]), column.name, "the target is empty"))
        elif column.kind == "number":
            numbers, faults = to_numbers(cells)
            for i in np.flatnonzero(faults):
                reason = f"expected a number, received {_cut(cells.iloc[i])!r}"
                bad.setdefault(int(lines[i]), BadRow(path, int(lines[i]), column.name, reason))
            frame[column.name] = cells = numbers
        if column.role == "input":
            empty_inputs &= is_empty(cells)
    names = ", ".join(column.name for column in columns if column.role == "input")
    for i in np.flatnonzero(empty_inputs):
        bad.setdefault(int(lines[i]), BadRow(path, int(lines[i]), names, "every input is empty"))
    bad_rows = tuple(bad[line] for line in sorted(bad))
    total = len(frame) + (0 if keep_all else len(source.malformed))
    if not keep_all:
        good = ~np.isin(lines, list(bad))
        frame, lines = frame[good].reset_index(drop=True), lines[good]
    if len(bad_rows) > max_bad_rows * total or (not keep_all and not len(frame)):
        raise _too_many_bad_rows(path, bad_rows, total, max_bad_rows)
    return Table(path, source.encoding, source.delimiter, columns, frame, lines, bad_rows)


def _too_many_bad_rows(path: str, bad_rows: Sequence[BadRow], total: int, allowed: float) -> InputError:
    first = "; ".join(f"line {b.line}{f', {b.column}' if b.column else ''}: {b.reason}" for b in bad_rows[:3])
    share = f"{path}: {len(bad_rows):,} of {total:,} rows ({len(bad_rows) / total:.1%}) cannot be used"
    if len(bad_rows) == total:
        return InputError(f"{share}: no row is left. {first}. Correct them, or check --delimiter and --encoding.")
    return InputError(
        f"{share}, more than the {allowed:.1%} allowed. {first}. Correct them, or allow more with --max-bad-rows."
    )


def _check_labels(table: Table) -> list[str]:
    """Notes on labels that look like a mistake. Raises InputError when they are no classes at all."""
    target = table.columns[-1].name
    counts = table.rows[target].value_counts()
    if len(counts) > max(10, len(table.rows) // 2):
        raise InputError(
            f"{table.path}: the target {target!r} has {len(counts):,} different values in {len(table.rows):,} rows, "
            f"such as {_cut(counts.index[0])!r}; expected classes that repeat. Name another column: --target "
            f"{' | '.join(map(repr, table.rows.columns))}."
        )
    notes = []
    if target in counts:
        notes.append(f"The target column's name {target!r} is also one of its labels. Is the first line a header?")
    folded: dict[str, str] = {}
    for label in map(str, counts.index):
        other = folded.setdefault(label.casefold(), label)
        if other != label:
            notes.append(f"The labels {other!r} and {label!r} differ only in case; they count as two classes.")
    return notes


def describe(table: Table) -> str:
    """The table as a few lines to print: its columns, what was guessed, and what is wrong."""
    form = f"{table.encoding}, delimiter {table.delimiter!r}" if table.delimiter else "Parquet"
    head = f"{table.path}: {len(table.rows):,} rows, {form}, {len(table.bad_rows):,} bad rows"
    grid = [("column", "kind", "role", "from", "filled", "example")]
    for column in (*table.columns, *table.ignored):
        cells = table.rows[column.name]
        filled = 1 - is_empty(cells).mean() if len(cells) else 0.0
        example = next((cell for cell in cells if cell.strip()), "")
        if column.role == "target":
            example = f"{example} ({cells.nunique()} classes)"
        origin = "given" if column.given else "guessed"
        grid.append((_cut(column.name, 24), column.kind, column.role, origin, f"{filled:.0%}", _cut(example)))
    widths = [max(_width(row[i]) for row in grid) for i in range(5)]
    lines = [head]
    for row in grid:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False))
        lines.append("  " + "  ".join([*padded, row[5]]).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])


def _width(text: str) -> int:
    """Columns on a terminal: Chinese, Japanese and Korean characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _cut(text: str, width: int = 40) -> str:
    """Text on one line, at most `width` columns wide."""
    text = " ".join(text[: 4 * width].split())
    if _width(text) <= width:
        return text
    while _width(text) >= width:
        text = text[:-1]
    return text + "…"


def write_bad_rows(table: Table, path: str | Path, validation: Table | None = None) -> None:
    """Write the bad rows (and the validation file's) as CSV: file, line, column, reason. All of it or nothing."""
    bad_rows = (*table.bad_rows, *(validation.bad_rows if validation else ()))
    header = [field.name for field in dataclasses.fields(BadRow)]
    write_csv(path, [header, *(dataclasses.astuple(row) for row in bad_rows)])


def write_csv(path: str | Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV (UTF-8, LF) under a temporary name, then rename: the file is whole or as it was before.

    What `pandas.read_csv` and `csv.reader` read of it is what was given, line ends of every kind in the cells included.
    """
    partial = Path(f"{path}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(_EndedByLF(file)).writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _EndedByLF:
    """A file whose rows end with LF, for a csv.writer that ends them with CRLF.

    Told to write LF, the csv module of Python 3.11 leaves a cell with a bare CR unquoted, and every reader
    takes that CR for the end of the row.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> None:
        """Write what csv.writer hands over: one whole row with its end."""
        self.file.write(row.removesuffix("\r\n") + "\n")
