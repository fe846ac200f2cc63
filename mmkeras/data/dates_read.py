"""A cell in a notation -> the day and the time of day, as the graph reads its bytes."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable
from typing import Final

from mmkeras.data.dates_months import month_of
from mmkeras.data.dates_notation import Notation, notation_of

FIRST_OF_THE_1900S: Final = 69  # of years of two digits, as POSIX has it: 68 is 2068
_EPOCH = datetime.date(1970, 1, 1)


def read_date(cell: str, notation: str) -> str | None:
    """A cell as `YYYY-MM-DD`, `YYYY-MM-DD HH:MM` or, of a column of times of day, `HH:MM`.

    None where the cell is no date of the calendar in the notation. Seconds and time zones are not read.
    """
    return reader(notation)(cell.strip())


@functools.cache
def reader(notation: str) -> Callable[[str], str | None]:
    """`read_date` of one notation, for cells without outer white space. Raises InputError for an unknown notation."""
    found = notation_of(notation)
    match = re.compile(found.pattern).fullmatch
    read = {"iso": _iso, "unix": _unix(found.dropped), "time": _time}.get(found.style, _day)

    def read_cell(cell: str) -> str | None:
        matched = match(cell)
        if not matched or (len(cell) > found.max_bytes // 3 and not _fits(cell, found)):
            return None
        try:
            return read(matched)
        except ValueError:  # no day of the calendar
            return None

    return read_cell


def _fits(cell: str, notation: Notation) -> bool:
    """Does the graph see the whole cell, or all that it reads of it?"""
    return notation.style == "iso" or len(cell.encode()) <= notation.max_bytes


def _iso(matched: re.Match[str]) -> str:
    cell = matched[0]
    datetime.date.fromisoformat(cell[:10])
    return f"{cell[:10]} {cell[11:16]}" if len(cell) > 10 else cell


def _time(matched: re.Match[str]) -> str:
    return _time_of(matched.groupdict())


def _unix(dropped: int) -> Callable[[re.Match[str]], str]:
    scale = 10**dropped

    def read(matched: re.Match[str]) -> str:
        days, second = divmod(int(matched["unix"]) // scale, 86400)
        hour, minute = divmod(second // 60, 60)
        return f"{_EPOCH + datetime.timedelta(days)} {hour:02d}:{minute:02d}"

    return read


def _day(matched: re.Match[str]) -> str:
    parts = matched.groupdict()
    year = int(parts["year"])
    if year < 100:
        year += 1900 + 100 * (year < FIRST_OF_THE_1900S)
    month = month_of(parts["name"]) if "name" in parts else int(parts["month"])
    day = datetime.date(year, month, int(parts["day"]))
    time = _time_of(parts)
    return f"{day} {time}" if time else day.isoformat()


def _time_of(parts: dict[str, str]) -> str:
    """`HH:MM`; '' where the cell has no time. 12 AM is midnight, 12 PM noon."""
    text = parts.get("hour") or parts.get("hour_alone")
    if not text:
        return ""
    hour = int(text)
    half = (parts.get("half") or parts.get("half_alone") or "").lower()
    if half and hour == 12:
        hour = 0
    if half == "p" and hour < 12:
        hour += 12
    return f"{hour:02d}:{int(parts.get('minute') or 0):02d}"
