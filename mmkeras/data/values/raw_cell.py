"""One cell as a client has it -> the cell as `Table.rows` has it, by the column's reading. Without pandas."""

from __future__ import annotations

from mmkeras.data.columns.column import Column
from mmkeras.data.dates.calendar import ISO, no_date, read_date
from mmkeras.data.values.missing import marks_of
from mmkeras.data.values.numbers import LARGEST, as_plain, parse_notation
from mmkeras.errors import BadCell


def read_raw(cell: str, column: Column) -> str:
    """'' for a missing cell; a number in Python's notation; other cells as they are. Raises BadCell."""
    kind = column.kind if column.kind in ("number", "date") else "category"
    stripped = cell.strip()
    folded = stripped.casefold() if kind != "category" else stripped
    if not stripped or folded in marks_of(column.missing, column.not_missing, kind):
        return ""
    if column.kind == "number":
        return _plain_number(stripped, column)
    if column.kind == "date" and read_date(stripped, column.notation or ISO) is None:
        raise BadCell(no_date(stripped, column.notation or ISO))
    return cell


def _plain_number(cell: str, column: Column) -> str:
    plain = cell if not column.notation and _is_plain(cell) else as_plain(cell, parse_notation(column.notation))
    if plain is None:
        written = f" such as {column.notation}" if column.notation else ""
        raise BadCell(f"expected a number{written}, received {cell[:40]!r}.")
    return plain


def _is_plain(cell: str) -> bool:
    try:
        return abs(float(cell)) <= LARGEST and cell.isascii() and "_" not in cell
    except ValueError:
        return False
