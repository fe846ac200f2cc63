"""The dates of a table: which notation a column has, and a cell as a day of the calendar.

Shared by tables, graphs and clients. `dates_notation` has the notations, `dates_read` reads a cell, `dates_find` tells
a column's notation.
"""

from __future__ import annotations

from typing import Final

from mmkeras.data.dates.find import DateReading, find_date_notation
from mmkeras.data.dates.notation import ISO, NOTATIONS, Notation, notation_of
from mmkeras.data.dates.read import read_date, reader

__all__ = [
    "ISO",
    "NOTATIONS",
    "NO_DATE",
    "DateReading",
    "Notation",
    "find_date_notation",
    "no_date",
    "notation_of",
    "read_date",
    "reader",
]

NO_DATE: Final = "expected a date such as 2026-11-26 or 2026-11-26 14:30, received {!r}"


def no_date(cell: str, notation: str) -> str:
    """The sentence for a cell that is no date in the notation of its column."""
    if notation in ("", ISO):
        return NO_DATE.format(cell)
    found = notation_of(notation)
    kind = {"time": "a time of day", "unix": "a time"}.get(found.style, "a date")
    return f"expected {kind} in the notation {notation}, such as {found.example}, received {cell!r}"
