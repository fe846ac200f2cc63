"""A file of rows to predict: columns of a signature -> values, a few rows at a time, and faults of unreadable cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.data.columns.column import Column
from mmkeras.data.files.source import Source
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.table import Table, read_rows
from mmkeras.graph import InputSpec, columns_in
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import Fault, column_names, columns_of, read_cells
from mmkeras.runtime.row_notes import SHOWN, RowFaults, UnknownValues
from mmkeras.system.progress import Log


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a file. values: by input; cells: by present column; faults: line, column, reason of each."""

    start: int
    count: int
    cells: dict[str, list[str]]
    values: dict[str, list[Any]]
    faults: list[Fault]


@dataclass(frozen=True)
class RowReader:
    """A file of rows, read for a graph. inputs: the graph's; the file need not have all their columns."""

    table: Table
    inputs: Sequence[InputSpec]
    root: MediaRoot

    @classmethod
    def open(
        cls,
        path: str | Path | StandardInput | Source,
        inputs: Sequence[InputSpec],
        targets: Sequence[Column],
        root: MediaRoot,
        *,
        inputs_optional: bool,
        **reading: Any,
    ) -> RowReader:
        """Read the file, or take its rows. targets: columns of the truth; they may be absent. reading: see `read_rows`.

        inputs_optional: does the model accept missing cells? Raises InputError as `read_rows` does, also for an absent
        column unless `inputs_optional`.
        """
        columns = [Column.read_as(part) for spec in columns_of(inputs) for part in columns_in(spec)]
        return cls(read_rows(path, [*columns, *targets], inputs_optional=inputs_optional, **reading), inputs, root)

    @property
    def inputs_present(self) -> list[InputSpec]:
        """The inputs of columns that the file has, and their presence inputs; of a block one column is enough."""
        in_file = {column.name for column in self.table.inputs}
        present = {
            spec["name"]
            for spec in columns_of(self.inputs)
            if any(column_spec["column"] in in_file for column_spec in columns_in(spec))
        }
        return [input_spec for input_spec in self.inputs if input_spec.get("of", input_spec["name"]) in present]

    def log_missing(self, log: Log) -> None:
        """Log the columns that the file lacks: a line each, or one line for more than SHOWN of them."""
        present = {column.name for column in self.table.inputs}
        absent = [name for name in column_names(self.inputs) if name not in present]
        if len(absent) > SHOWN:
            names = ", ".join(map(repr, absent[:SHOWN]))
            log(
                f"{self.table.path}: there are no columns {names} and {len(absent) - SHOWN:,} others that the model "
                "knows; they count as missing in every row"
            )
            return
        for name in absent:
            log(f"{self.table.path}: there is no column {name!r}; it counts as missing in every row")

    def parts(self, inputs: Sequence[InputSpec], size: int) -> Iterator[Rows]:
        """All rows in their order, `size` at a time. inputs: those to read, with their tokenizers' folders."""
        for start in range(0, len(self.table.rows), size):
            rows = self.table.rows.iloc[start : start + size]
            cells = {column.name: rows[column.name].tolist() for column in self.table.inputs}
            values, faults = read_cells(cells, inputs, self.root, len(rows))
            lines = [(int(self.table.lines[start + row]), column, reason) for row, column, reason in faults]
            yield Rows(start, len(rows), cells, values, lines)

    def log_notes(self, log: Log) -> None:
        """Log the file's notes."""
        for note in self.table.notes:
            log(note if note.startswith(self.table.path) else f"{self.table.path}: {note}")

    def log_unknown(self, log: Log) -> None:
        """Log the file's notes, and for each category column the values that the model does not know."""
        self.log_notes(log)
        unknown = UnknownValues(self.inputs, self.table)
        unknown.add(self.table)
        unknown.log(self.table.path, log)

    def log_faults(self, faults: Sequence[Fault], log: Log) -> None:
        """Log which rows and cells could not be read and were taken as missing."""
        noted = RowFaults(self.table.path)
        noted.add(self.table.bad_rows, faults)
        noted.log(log)
