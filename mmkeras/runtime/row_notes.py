"""What is said of the rows of a table that is answered in parts: unreadable cells and unknown values, counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mmkeras.data.files.source import BadRow
from mmkeras.data.table import Table
from mmkeras.data.values.cells import one_line
from mmkeras.data.values.identity import spellings
from mmkeras.graph import InputSpec, columns_in
from mmkeras.runtime.feeds import Fault
from mmkeras.system.progress import Log

LISTED: Final = 100  # largest number of further lines that are named
SHOWN: Final = 5  # largest number of lines that are logged for unreadable rows, and for unreadable cells


class RowFaults:
    """Rows and cells that could not be read and were taken as missing: the first ones, and how many there are."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.bad_rows, self.faults = list[BadRow](), list[Fault]()
        self.further: tuple[set[int], set[int]] = (set(), set())  # lines of the first rows and cells behind those
        self.more = 0

    def add(self, bad_rows: Sequence[BadRow], faults: Sequence[Fault]) -> None:
        """Count those of the next rows of the table."""
        self._further(0, [bad.line for bad in bad_rows[SHOWN - len(self.bad_rows) :]])
        self.bad_rows += bad_rows[: SHOWN - len(self.bad_rows)]
        self._further(1, [line for line, *_ in faults[SHOWN - len(self.faults) :]])
        self.faults += faults[: SHOWN - len(self.faults)]

    def _further(self, kind: int, lines: Sequence[int]) -> None:
        self.more += len(lines)
        for line in lines:
            if len(self.further[kind]) > LISTED:
                break
            self.further[kind].add(line)

    def log(self, log: Log) -> None:
        """Log the first ones, a line each, and the lines of the further ones."""
        for bad in self.bad_rows:
            log(f"{bad.file}, line {bad.line}: {bad.reason}; answered as if empty")
        for line, column, reason in self.faults:
            log(f"{self.path}, line {line}, {column}: {reason} It counts as missing.")
        if self.more:
            numbers = {*self.further[0], *self.further[1]}
            lines = ", ".join(map(str, sorted(numbers)[:LISTED])) + ", …" * (len(numbers) > LISTED)
            log(f"{self.path}: {self.more:,} more cells could not be read, in lines {lines}")


class UnknownValues:
    """The values of category columns that the model does not know."""

    def __init__(self, inputs: Iterable[InputSpec], table: Table) -> None:
        """table: has the columns of the file."""
        in_file = {column.name for column in table.inputs}
        parts = [part for spec in inputs for part in columns_in(spec)]
        self.known = {
            str(part["column"]): {spelling for value in part["values"] for spelling in spellings(value)}
            for part in parts
            if part["kind"] == "category" and "values" in part and part["column"] in in_file
        }
        self.unknown, self.filled = dict.fromkeys(self.known, 0), dict.fromkeys(self.known, 0)
        self.examples: dict[str, str] = {}

    def add(self, table: Table) -> None:
        """Count those of the next rows of the table."""
        for name, known in self.known.items():
            cells = table.rows[name]
            filled = cells[cells != ""]
            unknown = filled[~filled.isin(known)]
            self.filled[name] += len(filled)
            self.unknown[name] += len(unknown)
            if len(unknown):
                self.examples.setdefault(name, unknown.iloc[0])

    def log(self, path: str, log: Log) -> None:
        """Log the share of each column that has any, and an example."""
        for name, example in self.examples.items():
            share = f"{self.unknown[name]:,} of {self.filled[name]:,} values are unknown to the model"
            log(f"{path}, {name}: {share}, such as {one_line(example)!r}")
