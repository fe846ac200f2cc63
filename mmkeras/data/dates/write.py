"""A moment -> a cell in a column's notation: what Python holds as a date is written as the column writes dates."""

from __future__ import annotations

import datetime
import re
from typing import Final

from mmkeras.data.dates.notation import BEFORE, notation_of
from mmkeras.data.dates.read import read_date
from mmkeras.errors import BadCell

_EPOCH: Final = datetime.datetime(1970, 1, 1)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS: Final = re.compile("YYYY|YY|Mon|MM|M|DD|D")


def write_date(moment: datetime.date | datetime.time, notation: str) -> str:
    """A date, a datetime or a time of day as a cell that `read_date` reads, in its own time zone, which is left out.

    Raises BadCell for a moment that the notation cannot write: a time alone in a column of dates, or 1875 in one whose
    years have two digits.
    """
    found = notation_of(notation)
    clock = moment.strftime("%H:%M") if isinstance(moment, datetime.datetime | datetime.time) else ""
    if found.style == "time":
        cell, expected = clock, clock
    elif isinstance(moment, datetime.time):
        raise BadCell(f"expected a date, received the time of day {clock}.")
    else:
        expected = f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}{' ' * bool(clock)}{clock}"
        cell = _written(moment, found.name, found.style, found.dropped, clock)
    if not cell or read_date(cell, notation) not in (expected, f"{expected} 00:00"):
        raise BadCell(f"{moment} cannot be written in the notation {notation}.")
    if found.style == "iso" and isinstance(moment, datetime.datetime) and moment.second:
        return f"{cell}:{moment.second:02d}"  # rows of one minute stay apart
    return cell


def _written(day: datetime.date, name: str, style: str, dropped: int, clock: str) -> str:
    """The day, with its time if it has one, in a notation of dates."""
    if style == "unix":
        at = datetime.datetime(day.year, day.month, day.day, int(clock[:2] or 0), int(clock[3:] or 0))
        seconds = round((at - _EPOCH).total_seconds())
        return f"{seconds}{'0' * dropped}" if seconds >= 0 else ""
    signs = {
        **{"YYYY": f"{day.year:04d}", "YY": f"{day.year % 100:02d}", "Mon": _MONTHS[day.month - 1]},
        **{"MM": f"{day.month:02d}", "M": f"{day.month}", "DD": f"{day.day:02d}", "D": f"{day.day}"},
    }
    before = name.startswith(BEFORE)
    text = _SIGNS.sub(lambda sign: signs[sign[0]], name.removeprefix(BEFORE).replace("HH:MM", "\0"))
    text = text.replace("\0", clock or "00:00")  # ctime has the time of day inside
    if before:
        return f"{clock or '00:00'} {text}"
    return f"{text} {clock}" if clock and style != "ctime" else text
