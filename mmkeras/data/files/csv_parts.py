"""A large CSV file as parts: its format, its names and its faults are told by a first reading, which keeps no rows.

What is told by all rows of a small file is told by all rows of a large one too, but for what only a comparison of all
of its rows could tell: such a file (columns of one name, several columns without one) is read as a whole.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Dialect
from mmkeras.data.files.csv_columns import MADE_UP, column_names
from mmkeras.data.files.csv_quotes import format_notes, only_escaped_quotes, other_formats, usual_format
from mmkeras.data.files.csv_records import Records, filled, fits, unlimited_cells
from mmkeras.data.files.csv_table import notes_on, unreadable_cell
from mmkeras.data.files.csv_trial import Sample
from mmkeras.data.files.dialect_flags import check_dialect
from mmkeras.data.files.dialects import Layout, guess_layout
from mmkeras.data.files.source import BadRow, Source
from mmkeras.data.files.source_parts import SourceParts, in_bounds
from mmkeras.data.files.streams import Stream, Text

RETRIED: Final = 50  # so many malformed rows are looked at for signs of another format
RECENT: Final = 64  # lines of good rows that are kept, by which the end of a broken one is found
RUNNING: Final = 0.9  # share of the rows whose number is that of the row before and 1

ReadLines = Callable[[], Iterable[str]]


@dataclass
class Scan:
    """What a reading of all records has found. header: None if its quotes are broken; rows: the good ones."""

    header: list[str] | None = field(default_factory=list)
    header_line: int = 1
    rows: int = 0
    malformed: int = 0
    odd_lines: list[int] = field(default_factory=list)
    """Lines of the first malformed rows, and of the first bare quotes."""
    bare_quotes: int = 0
    repeated: int = 0
    comments: int = 0


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
        notes=(*layout.notes, *notes_on(scan.comments, scan.repeated), *notes),
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


def records_of(read_lines: ReadLines, layout: Layout, scan: Scan) -> Iterator[tuple[int, list[str] | str]]:
    """(line, record) as wide as the header, or the reason in place of a malformed one, as `csv_table.parse` has them.

    scan: gets the header first, and counts what is left out.
    """
    recent: list[int] = []
    with unlimited_cells():
        records = Records(read_lines, layout.format, recent, layout.skip)
        records.width = 0 if layout.named else layout.width
        reader = iter(records)
        if layout.named:
            first = next(((line, record) for line, record in reader if isinstance(record, str) or filled(record)), None)
            scan.header_line, header = first or (layout.skip + 1, [])
            scan.header = None if isinstance(header, str) else header
        header = scan.header or []
        width = records.width = layout.width or len(header) or 1
        name = header[0] if len(header) == width > 1 else None
        for line, record in reader:
            if isinstance(record, str):
                yield line, record
            elif len(record) == width or fits(record, width):
                if record[0] == name and record[:width] == header:
                    scan.repeated += 1
                    continue
                recent.append(line)
                if len(recent) > 2 * RECENT:
                    del recent[:-RECENT]
                yield line, record[:width]
            elif filled(record):
                reason = f"expected {width} fields, received {len(record)}"
                if len(record) > width:
                    reason += f" (put cells that hold {layout.format.delimiter!r} in quotes)"
                yield line, reason
    scan.comments, scan.bare_quotes = records.comments, len(records.bare_quotes)
    scan.odd_lines += records.bare_quotes[:RETRIED]


def scanned(read_lines: ReadLines, layout: Layout) -> Scan:
    """A reading of all records in one format, which keeps none."""
    scan = Scan()
    for line, record in records_of(read_lines, layout, scan):
        if isinstance(record, str):
            scan.malformed += 1
            if len(scan.odd_lines) < RETRIED:
                scan.odd_lines.append(line)
        else:
            scan.rows += 1
    return scan


def _format_of(read_lines: ReadLines, layout: Layout, text: Text, dialect: Dialect) -> tuple[Layout, Scan]:
    """The layout and its scan; of another format, where far below the sample there are signs of one that reads more."""
    scan, usual = scanned(read_lines, layout), usual_format(layout.format.delimiter, dialect)
    if layout.format != usual:
        return layout, scan
    if text.escapes and dialect.escape is None and not scan.malformed and _escaped(read_lines, layout):
        escaped = dataclasses.replace(layout.format, escape="\\")
        layout = dataclasses.replace(layout, format=escaped, notes=(*layout.notes, *format_notes(escaped, usual)))
        return layout, scanned(read_lines, layout)
    fewest = scan.malformed + scan.bare_quotes
    if not fewest:
        return layout, scan
    lines, first = {*scan.odd_lines}, layout
    odd = "".join(line for i, line in enumerate(itertools.islice(read_lines(), max(lines)), 1) if i in lines)
    for other in other_formats(usual, odd, dialect.escape is None):
        if other.quote != usual.quote:
            continue
        changed = dataclasses.replace(first, format=other, notes=(*first.notes, *format_notes(other, usual)))
        again = scanned(read_lines, changed)
        if 2 * (again.malformed + again.bare_quotes) < fewest:
            layout, scan, fewest = changed, again, again.malformed + again.bare_quotes
    return layout, scan


def _escaped(read_lines: ReadLines, layout: Layout) -> bool:
    """Are all quotes inside cells escaped, and none doubled behind a backslash?"""
    records = (record for _, record in records_of(read_lines, layout, Scan()) if not isinstance(record, str))
    return not any('\\""' in line for line in read_lines()) and only_escaped_quotes(records)


def _names_of(
    read_lines: ReadLines, layout: Layout, scan: Scan, where: str, encoding: str
) -> tuple[list[str | None] | None, list[str]]:
    """The name of each column, None for one that is left out, and sentences; None where rows must be compared."""
    if not layout.named:
        return [MADE_UP.format(i + 1) for i in range(layout.width or 1)], []
    names = column_names((scan.header or [])[: layout.width - layout.row_names or None], where, encoding)
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
    for _, record in records_of(read_lines, layout, Scan()):
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
    for line, record in records_of(read_lines, layout, Scan()):
        if isinstance(record, str):
            yield line, BadRow(head.path, line, "", record)
        elif careful and (fault := unreadable_cell(record, careful)):
            place, reason = fault
            columns = [*[""] * (len(record) - len(header)), *header]
            yield line, BadRow(head.path, line, columns[place], reason)
        else:
            yield line, record
