"""A table to predict, a part after another: what is known of all of it, and its rows in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from mmkeras.config.data import Dialect
from mmkeras.data.columns.column import Column
from mmkeras.data.files.reading_parts import read_parts
from mmkeras.data.files.source import Source
from mmkeras.data.files.source_parts import SourceParts
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.table import Table, check_rows, read_rows, with_columns
from mmkeras.data.values.clean import Cleaned, clean_numbers, notation_of

ROWS: Final = 2**14  # of a part


@dataclass(frozen=True)
class TableParts:
    """A table whose rows are read in parts. head: the table with its notes, and all of its rows or none.

    count: its rows. parts: called with the rows of a part, an iterator over all parts, each a Table.
    """

    head: Table
    count: int
    parts: Callable[[int], Iterator[Table]]


def read_table_parts(
    path: str | Path | StandardInput | Source,
    columns: Sequence[Column],
    *,
    dialect: Dialect | None = None,
    inputs_optional: bool = False,
) -> TableParts:
    """A file to predict, as `read_rows` reads it; a large one in parts, so that it is never in memory as a whole.

    Raises InputError as `read_rows` does.
    """
    large = None if isinstance(path, Source) else read_parts(path, dialect, [column.name for column in columns])
    if large is None:
        return in_parts(read_rows(path, columns, dialect=dialect, inputs_optional=inputs_optional))
    return large_table(large, columns, inputs_optional)


def in_parts(table: Table) -> TableParts:
    """A table that is in memory."""
    return TableParts(table, len(table.rows), lambda size: _parts_of(table, size))


def _parts_of(table: Table, size: int) -> Iterator[Table]:
    if len(table.rows) <= size:
        yield table
        return
    for start in range(0, len(table.rows), size):
        yield part_of(table, start, start + size)


def part_of(table: Table, start: int, stop: int) -> Table:
    """The rows from `start` to `stop`, with those of the bad rows that are among them."""
    lines = table.lines[start:stop]
    bad = tuple(row for row in table.bad_rows if lines[0] <= row.line <= lines[-1]) if len(lines) else ()
    as_read = table.as_read
    if as_read is not None:
        as_read = dataclasses.replace(as_read, rows=as_read.rows.iloc[start:stop], lines=as_read.lines[start:stop])
    return dataclasses.replace(table, rows=table.rows.iloc[start:stop], lines=lines, bad_rows=bad, as_read=as_read)


def large_table(source: SourceParts, columns: Sequence[Column], inputs_optional: bool) -> TableParts:
    """A large file with the columns of a model.

    The notation of its numbers is that of its first part: of the column, or one of its own that reads more of them.
    """
    head, present = with_columns(source.head, columns, True, inputs_optional)
    numbers = [column for column in present if column.kind == "number"]
    notes, notations = list[str](), dict[str, str]()
    if numbers:
        first, _ = with_columns(next(source.parts(ROWS)), columns, True, inputs_optional)
        notations = {column.name: notation_of(first.rows[column.name], column, notes) for column in numbers}

    def parts(size: int) -> Iterator[Table]:
        for part in source.parts(size):
            as_read = part.with_malformed()
            rows, _ = with_columns(as_read, columns, True, inputs_optional)
            cleaned: dict[str, Cleaned] = {
                column.name: clean_numbers(rows.rows[column.name], column, notations[column.name]) for column in numbers
            }
            table = check_rows(rows, present, cleaned, keep_all=True, max_bad_rows=1.0)
            yield dataclasses.replace(table, as_read=as_read)

    file = head.path, head.encoding, head.delimiter
    table = Table(
        *file,
        present,
        head.rows,
        np.empty(0, dtype=np.int64),
        (),
        notes=(*head.notes, *notes),
        format=head.format,
        as_read=source.head,
    )
    return TableParts(table, source.count, parts)


def target_names(table: Table, names: Sequence[str]) -> bool:
    """Has the table all of these target columns?"""
    return {*names} <= {column.name for column in table.targets}
