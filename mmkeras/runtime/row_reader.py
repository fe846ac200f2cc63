"""A file of rows to answer: the columns of a signature -> values a few rows at a time, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.data.columns import Column
from mmkeras.data.table import Table, read_rows
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import columns_of, read_values
from mmkeras.system.progress import Log

SHOWN = 5  # rows that could not be read whole, of each kind
Fault = tuple[int, str, str]  # a line, or a row of some cells; the column; the reason


@dataclass(frozen=True)
class Rows:
    """Some rows of a file. values: by input, cells: by column that is there; faults: line, column, reason of each."""

    start: int
    count: int
    cells: dict[str, list[str]]
    values: dict[str, list[Any]]
    faults: list[Fault]


@dataclass(frozen=True)
class RowReader:
    """A file of rows, and what a graph takes of it. inputs: the graph's, whose columns need not all be there."""

    table: Table
    inputs: Sequence[InputSpec]
    root: MediaRoot

    @classmethod
    def open(
        cls,
        path: str | Path,
        inputs: Sequence[InputSpec],
        targets: Sequence[Column],
        root: MediaRoot,
        *,
        inputs_optional: bool,
        **reading: Any,
    ) -> RowReader:
        """Read the file. targets: columns of the truth, which may be absent; reading: see `read_rows`.

        Raises InputError as `read_rows` does, for an absent column too where the model knows no missing cells.
        """
        columns = [Column(str(e["column"]), e["kind"], "input") for e in columns_of(inputs)]
        return cls(read_rows(path, [*columns, *targets], inputs_optional=inputs_optional, **reading), inputs, root)

    @property
    def inputs_there(self) -> list[InputSpec]:
        """The inputs of columns that the file has, and their presences."""
        there = {column.name for column in self.table.inputs}
        return [entry for entry in self.inputs if entry["column"] in there]

    def say_missing(self, log: Log) -> None:
        """A line for each column that the file has not."""
        there = {column.name for column in self.table.inputs}
        for entry in columns_of(self.inputs):
            if entry["column"] not in there:
                log(f"{self.table.path}: there is no column {entry['column']!r}; it counts as missing in every row")

    def parts(self, inputs: Sequence[InputSpec], size: int) -> Iterator[Rows]:
        """All rows in their order, `size` at a time. inputs: those to read, the folders of their tokenizers known."""
        for start in range(0, len(self.table.rows), size):
            rows = self.table.rows.iloc[start : start + size]
            cells = {column.name: rows[column.name].tolist() for column in self.table.inputs}
            values, faults = read_cells(cells, inputs, self.root, len(rows))
            lines = [(int(self.table.lines[start + row]), column, reason) for row, column, reason in faults]
            yield Rows(start, len(rows), cells, values, lines)

    def say_faults(self, faults: Sequence[Fault], log: Log) -> None:
        """Say which rows were answered without what could not be read."""
        table = self.table
        for bad in table.bad_rows[:SHOWN]:
            log(f"{bad.file}, line {bad.line}: {bad.reason}; answered as if empty")
        for line, column, reason in faults[:SHOWN]:
            log(f"{table.path}, line {line}, {column}: {reason} It counts as missing.")
        more = max(len(table.bad_rows) - SHOWN, 0) + max(len(faults) - SHOWN, 0)
        if more:
            log(f"{table.path}: {more} more cells could not be read")


def read_cells(
    cells: Mapping[str, Sequence[str]], inputs: Sequence[InputSpec], root: MediaRoot, count: int
) -> tuple[dict[str, list[Any]], list[Fault]]:
    """Cells of some rows by column -> values by input, and what could not be read. A column that is absent is empty."""
    values: dict[str, list[Any]] = {}
    faults: list[Fault] = []
    for entry in columns_of(inputs):
        column = str(entry["column"])
        values[entry["name"]], bad = read_values(cells.get(column, [""] * count), entry, root)
        faults += [(row, column, reason) for row, reason in bad.items()]
    return values, faults
