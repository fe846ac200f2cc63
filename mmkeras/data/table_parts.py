"""A table to predict, a part after another: what is known of all of it, and its rows in parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mmkeras.data.table import Table

ROWS: Final = 8192  # of a part


@dataclass(frozen=True)
class TableParts:
    """A table whose rows are read in parts. head: the table with its notes, and none of its rows or with all.

    count: its rows. parts: called with the rows of a part, an iterator over all parts, each a Table.
    """

    head: Table
    count: int
    parts: Callable[[int], Iterator[Table]]


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


def target_names(table: Table, names: Sequence[str]) -> bool:
    """Has the table all of these target columns?"""
    return {*names} <= {column.name for column in table.targets}
