"""The columns of a file of answers: the line of each row, the columns that are kept of the input, the answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mmkeras.system.progress import Log

if TYPE_CHECKING:
    from mmkeras.data.table import Table

LINE: Final = "line"
LARGE: Final = complex  # stands for the type of whole numbers of more than 64 bits
OF_INPUT: Final = " (input)"
"""Behind the name of a kept column whose name an answer has."""


@dataclass(frozen=True)
class OutColumn:
    """A column of a table to write.

    kind: `labels` are cells a|b, lists in JSON and Parquet; `unquoted` cells stood without quotes in JSON. spec: how a
    number is written; of unquoted cells `int`, `float` or `bool` where all are. within: the object of JSON that holds
    the values, under `key` in place of the name.
    """

    name: str
    kind: Literal["text", "labels", "unquoted", "whole", "number"] = "text"
    spec: str = ""
    within: str = ""
    key: str = ""


@dataclass(frozen=True)
class KeptColumns:
    """The columns to write: LINE, those of the file that are kept, the answers. names: of the kept ones in the file.

    path: of the file. renamed: in words, the names that change because an answer has them.
    """

    columns: list[OutColumn]
    names: Sequence[str] = ()
    path: str = ""
    renamed: Sequence[str] = ()

    @classmethod
    def of(
        cls, table: Table, answers: Sequence[OutColumn], keep: bool, kinds: Mapping[str, str] | None = None
    ) -> KeptColumns:
        """The columns for a table. keep: those of the file as they stand in it, too.

        kinds: of the numbers in its columns without text, where that is asked for (`kinds_of`).
        """
        line = OutColumn(LINE, "whole")
        if not keep or table.as_read is None:
            return cls([line, *answers])
        read, kinds = table.as_read, kinds or {}
        names = distinct_names(read.rows.columns, {LINE, *(c.name for c in answers), *(c.within for c in answers)})
        kept = [
            OutColumn(new, "unquoted", kinds.get(name, "")) if name in read.unquoted else OutColumn(new)
            for name, new in names.items()
        ]
        renamed = [f"{name!r} as {new!r}" for name, new in names.items() if new != name]
        return cls([line, *kept, *answers], list(names), table.path, renamed)

    def log_renamed(self, log: Log) -> None:
        """Log the names that change."""
        if self.renamed:
            names = ", ".join(self.renamed)
            log(f"{self.path}: the answers have columns of these names, too; the file's are kept: {names}")

    def rows(self, table: Table, values: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
        """The rows of a table, or of a part of it. values: a row of answers for each of its rows."""
        lines = table.lines.tolist()
        if not self.names or table.as_read is None:
            return ([line, *row] for line, row in zip(lines, values, strict=True))
        cells = [table.as_read.rows[name].tolist() for name in self.names]
        return (
            [line, *row, *answer] for line, row, answer in zip(lines, zip(*cells, strict=True), values, strict=True)
        )


def with_kept_columns(
    table: Table,
    answers: Sequence[OutColumn],
    values: Iterable[Sequence[Any]],
    keep: bool,
    log: Log,
    typed: bool = False,
) -> tuple[list[OutColumn], Iterator[list[Any]]]:
    """The columns and rows to write: LINE, the columns of the file as they stand in it (keep), the answers.

    values: a row of answers for each row of the table. typed: look which kind of numbers the kept columns hold.
    Logs the names that change because an answer has them.
    """
    kept = KeptColumns.of(table, answers, keep, kinds_of([table]) if typed and keep else None)
    kept.log_renamed(log)
    return kept.columns, kept.rows(table, values)


def distinct_names(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Names -> names of which none is taken: `prediction` becomes `prediction (input)`."""
    names, taken = list(names), set(taken)
    used, distinct = taken | set(names), dict[str, str]()
    for name in names:
        new = f"{name}{OF_INPUT}" if name in taken else name
        while new != name and new in used:
            new += OF_INPUT
        used.add(new)
        distinct[name] = new
    return distinct


def unquoted_value(cell: str) -> Any:
    """A cell of a column without text, as JSON holds it: a number, true, false, or null for ''."""
    if cell in ("", "True", "False", "true", "false"):
        return {"": None, "t": True, "f": False}[cell[:1].lower()]
    try:
        number = int(cell) if cell.lstrip("-").isdecimal() else float(cell)
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


def kind_of(cells: Iterable[str]) -> str:
    """`int`, `float` or `bool` where all unquoted cells are, beside empty ones; else ''."""
    return _common(_kinds(cells))


def kinds_of(parts: Iterable[Table]) -> dict[str, str]:
    """`kind_of` for each column without text, of all parts of a table."""
    kinds: dict[str, set[type]] = {}
    for source in (table.as_read for table in parts):
        if source is not None:
            for name in source.unquoted:
                kinds.setdefault(name, set()).update(_kinds(source.rows[name].tolist()))
    return {name: _common(found) for name, found in kinds.items()}


def _kinds(cells: Iterable[str]) -> set[type]:
    """The types of the values that are not empty; LARGE for whole numbers that Parquet holds as fractions alone."""
    values = (value for value in map(unquoted_value, cells) if value is not None)
    return {LARGE if type(value) is int and abs(value) >= 2**63 else type(value) for value in values}


def _common(kinds: set[type]) -> str:
    if kinds <= {int, float, LARGE} and float in kinds:
        return "float"
    return "int" if kinds == {int} else "bool" if kinds == {bool} else ""
