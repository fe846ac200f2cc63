"""A large CSV file as parts: its format, its names and its faults are told by a first reading, which keeps no rows.

What is told by all rows of a small file is told by all rows of a large one too, but for what only a comparison of all
of its rows could tell: such a file (columns of one name, several columns without one) is read as a whole.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Dialect
from mmkeras.data.files.csv_columns import MADE_UP
from mmkeras.data.files.csv_quotes import only_escaped_quotes, usual_format
from mmkeras.data.files.csv_records import unlimited_cells
from mmkeras.data.files.csv_rows import (
    RETRIED,
    Reading,
    ReadLines,
    names_in,
    notes_on,
    other_format,
    row_blocks,
    rows_of,
    unreadable_cell,
    with_format,
)
from mmkeras.data.files.csv_trial import Sample
from mmkeras.data.files.dialect_flags import check_dialect
from mmkeras.data.files.dialects import Layout, guess_layout
from mmkeras.data.files.source import BadRow, Source
from mmkeras.data.files.source_parts import SourceParts, in_bounds
from mmkeras.data.files.streams import Stream, Text

RUNNING: Final = 0.9  # share of the rows whose number is that of the row before and 1


@dataclass
class Scan(Reading):
    """A reading that keeps no rows, but their number. malformed: the number of those; first_malformed: their lines."""

    rows: int = 0
    malformed: int = 0
    first_malformed: list[int] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return self.malformed + len(self.bare_quotes)

    @property
    def odd_lines(self) -> set[int]:
        return {*self.first_malformed, *self.bare_quotes[:RETRIED]}


def csv_parts(stream: Stream, text: Text, dialect: Dialect, expected: Iterable[str]) -> SourceParts | None:
    """The parts of a CSV file; None where it has to be read as a whole, which also says what is wrong with it."""
    delimiter = check_dialect(dialect)
    encoding = text.charset.encoding
    read_lines: ReadLines = partial(stream.lines, encoding)
    if text.marks:
        read_lines = lambda: (line.lstrip("\ufeff") for line in stream.lines(encoding))  # noqa: E731
    sample = Sample.of(read_lines(), dialect.skip_lines or 0)
    with unlimited_cells():
        layout = guess_layout(sample, dialect, delimiter, stream.name, list(expected))
    layout, scan = _format_of(read_lines, layout, text, dialect)
    if not scan.header and layout.named:
        return None
    names, notes = _names_of(read_lines, layout, scan, f"{stream.name}: line {scan.header_line}", encoding)
    if names is None or not scan.rows + scan.malformed:
        return None
    kept = [i for i, name in enumerate(names) if name is not None]
    columns = [name for name in names if name is not None]
    head = Source(
        path=stream.name,
        encoding=encoding,
        delimiter=layout.format.delimiter,
        rows=pd.DataFrame({name: [] for name in columns}, dtype=object),
        lines=np.empty(0, dtype=np.int64),
        malformed=(),
        notes=(*layout.notes, *notes_on(scan), *notes),
        named=layout.named,
    )
    careful = encoding if text.nul or not text.charset.clean else ""
    places = None if kept == list(range(len(names))) else kept

    def parts(size: int) -> Iterator[Source]:
        for part in in_bounds(_good_and_bad(read_lines, layout, head, careful), size):
            good = [(line, row) for line, row in part if not isinstance(row, BadRow)]
            cells = zip(*(row for _, row in good), strict=True) if good else ([] for _ in names)
            by_column = list(map(list, cells))
            chosen = by_column if places is None else [by_column[i] for i in places]
            rows = pd.DataFrame(dict(zip(columns, chosen, strict=True)), dtype=object)
            lines = np.array([line for line, _ in good], dtype=np.int64)
            malformed = tuple(row for _, row in part if isinstance(row, BadRow))
            yield dataclasses.replace(head, rows=rows, lines=lines, malformed=malformed)

    return SourceParts(head, scan.rows + scan.malformed, parts)


def scanned(read_lines: ReadLines, layout: Layout) -> Scan:
    """A reading of all records in one format, which keeps none."""
    scan = Scan()
    for line, block in row_blocks(read_lines, layout, scan):
        if isinstance(block, str):
            scan.malformed += 1
            if len(scan.first_malformed) < RETRIED:
                scan.first_malformed.append(line)
        else:
            scan.rows += len(block)
    return scan


def _format_of(read_lines: ReadLines, layout: Layout, text: Text, dialect: Dialect) -> tuple[Layout, Scan]:
    """The layout and its scan; of another format, where far below the sample there are signs of one that reads more."""
    scan, usual = scanned(read_lines, layout), usual_format(layout.format.delimiter, dialect)
    if layout.format != usual:
        return layout, scan
    if text.escapes and dialect.escape is None and not scan.malformed and _escaped(read_lines, layout):
        layout = with_format(layout, dataclasses.replace(layout.format, escape="\\"), usual)
        return layout, scanned(read_lines, layout)
    if not scan.faults:
        return layout, scan
    return other_format(read_lines, layout, scan, dialect.escape is None, partial(scanned, read_lines))


def _escaped(read_lines: ReadLines, layout: Layout) -> bool:
    """Are all quotes inside cells escaped, and none doubled behind a backslash?"""
    records = (record for _, record in rows_of(read_lines, layout, Reading()) if not isinstance(record, str))
    return not any('\\""' in line for line in read_lines()) and only_escaped_quotes(records)


def _names_of(
    read_lines: ReadLines, layout: Layout, scan: Scan, where: str, encoding: str
) -> tuple[list[str | None] | None, list[str]]:
    """The name of each column, None for one that is left out, and sentences; None where rows must be compared."""
    names = names_in(scan, layout, where, encoding)
    if not layout.named:
        return list(names), []
    names = ["", *names] if layout.row_names else names
    unnamed = [i for i, name in enumerate(names) if not name or name.startswith("Unnamed: ")]
    named = [name for name in names if name]
    if len({*named}) < len(named) or len(names) - 1 in unnamed:
        return None, []
    if not unnamed:
        return list(names), []
    empty, numbers = _unnamed_columns(read_lines, layout, unnamed)
    notes = []
    if empty:
        many = len(empty) > 1
        notes.append(
            f"{len(empty)} column{'s' * many} without a name {'hold' if many else 'holds'} nothing and "
            f"{'are' if many else 'is'} left out."
        )
    if not names[0] and 0 not in empty and numbers:
        if numbers < RUNNING * (scan.rows - 1):
            return None, []
        empty.add(0)
        notes.append(
            "The first column, which has no name, numbers the rows as pandas and R do; it is left out. To use it, "
            "give it a name."
        )
    made_up = {i: MADE_UP.format(i + 1) for i in unnamed if i not in empty and not names[i]}
    if made_up:
        notes.append(f"A column without a name is called {', '.join(map(repr, made_up.values()))}.")
    return [None if i in empty else made_up.get(i, name) for i, name in enumerate(names)], notes


def _unnamed_columns(read_lines: ReadLines, layout: Layout, unnamed: list[int]) -> tuple[set[int], int]:
    """Those of the columns without a name that hold nothing; and of the first column, where all of its cells are whole
    numbers, how many of them are that of the row before and 1; else 0."""
    empty, running, before, whole = {*unnamed}, 0, -2, True
    for _, record in rows_of(read_lines, layout, Reading()):
        if isinstance(record, str):
            continue
        empty -= {i for i in empty if record[i].strip()}
        whole = whole and record[0].isdecimal() and len(record[0]) <= 18
        if not (empty or whole):
            break
        if whole:
            running += int(record[0]) == before + 1
            before = int(record[0])
    return empty, max(running, 1) if whole else 0


def _good_and_bad(
    read_lines: ReadLines, layout: Layout, head: Source, careful: str
) -> Iterator[tuple[int, list[str] | BadRow]]:
    """The rows with their lines; a BadRow for a malformed one. careful: the encoding, where cells may be no text."""
    header = list(head.rows.columns)
    for line, record in rows_of(read_lines, layout, Reading()):
        if isinstance(record, str):
            yield line, BadRow(head.path, line, "", record)
        elif careful and (fault := unreadable_cell(record, careful)):
            place, reason = fault
            columns = [*[""] * (len(record) - len(header)), *header]
            yield line, BadRow(head.path, line, columns[place], reason)
        else:
            yield line, record
