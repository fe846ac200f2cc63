"""A cell in a notation -> the day and the time of day, as the graph reads its bytes."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable
from typing import Final

from mmkeras.data.dates.months import month_of
from mmkeras.data.dates.notation import Notation, notation_of
from mmkeras.data.dates.patterns import ANY_WORD, NAME

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
    day_of, time_of = (_named_day if named else _numeric_day), _time(pattern)

    def read(matched: re.Match[str]) -> str:
        date, time = day_of(*matched.group(*groups)), time_of(matched)
        return f"{date} {time}" if time else date

    return read


# a column has few days and times of day, in few spellings
@functools.lru_cache(2**16)
def _numeric_day(year: str, month: str, day: str) -> str:
    return datetime.date(_full_year(int(year)), int(month), int(day)).isoformat()


@functools.lru_cache(2**16)
def _named_day(year: str, name: str, day: str) -> str:
    return datetime.date(_full_year(int(year)), month_of(name), int(day)).isoformat()


def _full_year(year: int) -> int:
    return year if year >= 100 else year + 1900 + 100 * (year < FIRST_OF_THE_1900S)


def _time(pattern: re.Pattern[str]) -> Callable[[re.Match[str]], str]:
    """A reader of `HH:MM`; '' where the cell has no time."""
    if "hour_alone" in pattern.groupindex:
        return lambda matched: _clock(*matched.group("hour", "minute", "half", "hour_alone", "half_alone"))
    if "half" in pattern.groupindex:
        return lambda matched: _clock(*matched.group("hour", "minute", "half"))
    return lambda matched: _clock(*matched.group("hour", "minute"))


@functools.lru_cache(2**13)
def _clock(
    hour: str | None,
    minute: str | None,
    half: str | None = None,
    hour_alone: str | None = None,
    half_alone: str | None = None,
) -> str:
    """`HH:MM` of the day; 12 AM is midnight, 12 PM noon. `2 PM` has `hour_alone` and `half_alone`, without minutes."""
    if not (hour or hour_alone):
        return ""
    number, sign = int(hour or hour_alone or 0), (half or half_alone or "").lower()
    if sign and number == 12:
        number = 0
    if sign == "p" and number < 12:
        number += 12
    return f"{number:02d}:{int(minute or 0):02d}"
