"""A cell in a notation -> the day and the time of day, as the graph reads its bytes."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable
from typing import Final

from mmkeras.data.dates_months import month_of
from mmkeras.data.dates_notation import Notation, notation_of
from mmkeras.data.dates_patterns import ANY_WORD, NAME

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
    pattern = re.compile(found.pattern.replace(NAME, ANY_WORD))
    match, furthest = pattern.fullmatch, found.max_bytes // 3
    read: Callable[[re.Match[str]], str | None]
    if found.style == "iso":
        read = _iso
    elif found.style == "unix":
        read = _unix(found.dropped)
    else:
        read = _time(pattern) if found.style == "time" else _day(pattern)

    def read_cell(cell: str) -> str | None:
        matched = match(cell)
        if not matched or (len(cell) > furthest and not _fits(cell, found)):
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


def _unix(dropped: int) -> Callable[[re.Match[str]], str]:
    scale = 10**dropped

    def read(matched: re.Match[str]) -> str:
        days, second = divmod(int(matched["unix"]) // scale, 86400)
        hour, minute = divmod(second // 60, 60)
        return f"{_EPOCH + datetime.timedelta(days)} {hour:02d}:{minute:02d}"

    return read


def _day(pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    named = "name" in pattern.groupindex
    groups = ("year", "name" if named else "month", "day")
    time_of = _time(pattern)

    def read(matched: re.Match[str]) -> str:
        year_cell, month_cell, day = matched.group(*groups)
        year = int(year_cell)
        if year < 100:
            year += 1900 + 100 * (year < FIRST_OF_THE_1900S)
        month = month_of(month_cell) if named else int(month_cell)
        date = datetime.date(year, month, int(day)).isoformat()
        time = time_of(matched)
        return f"{date} {time}" if time else date

    return read


def _time(pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """A reader of `HH:MM`; '' where the cell has no time. 12 AM is midnight, 12 PM noon."""
    groups = [group for group in ("hour", "hour_alone", "half", "half_alone", "minute") if group in pattern.groupindex]
    places = [groups.index(group) for group in ("hour", "minute")]
    alone, halves = "hour_alone" in groups, [k for k, group in enumerate(groups) if "half" in group]

    def read(matched: re.Match[str]) -> str:
        values = matched.group(*groups)
        text = values[places[0]] or (alone and values[1])
        if not text:
            return ""
        hour = int(text)
        half = next((values[k] for k in halves if values[k]), None)
        if half and hour == 12:
            hour = 0
        if half in ("p", "P") and hour < 12:
            hour += 12
        return f"{hour:02d}:{int(values[places[1]] or 0):02d}"

    return read
