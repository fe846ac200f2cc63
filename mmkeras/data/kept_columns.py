"""The columns of a file of answers: the line of each row, the columns that are kept of the input, the answers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from mmkeras.system.progress import Log

if TYPE_CHECKING:
    from mmkeras.data.table import Table

LINE: Final = "line"
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
    line = OutColumn(LINE, "whole")
    if not keep or table.as_read is None:
        rows = ([int(number), *row] for number, row in zip(table.lines, values, strict=True))
        return [line, *answers], rows
    read = table.as_read
    names = distinct_names(read.rows.columns, {LINE, *(c.name for c in answers), *(c.within for c in answers)})
    renamed = [f"{name!r} as {new!r}" for name, new in names.items() if new != name]
    if renamed:
        log(f"{table.path}: the answers have columns of these names, too; the file's are kept: {', '.join(renamed)}")
    cells = [read.rows[name].tolist() for name in names]
    kept = [
        OutColumn(new, "unquoted", kind_of(column) if typed else "") if name in read.unquoted else OutColumn(new)
        for (name, new), column in zip(names.items(), cells, strict=True)
    ]
    rows = (
        [int(number), *row, *answer]
        for number, row, answer in zip(table.lines, zip(*cells, strict=True), values, strict=True)
    )
    return [line, *kept, *answers], rows


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
    kinds = {type(value) for value in map(unquoted_value, cells) if value is not None}
    if kinds <= {int, float} and float in kinds:
        return "float"
    if kinds == {int} and all(abs(value) < 2**63 for value in map(unquoted_value, cells) if value is not None):
        return "int"
    return "bool" if kinds == {bool} else ""
