"""Day, month or year first: what a column's values tell, where several orders read them all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from mmkeras.data.dates.notation import NOTATIONS, Notation
from mmkeras.data.dates.read import reader
from mmkeras.data.dates.words import DAY_FIRST_WORDS, speaks_of_time, words_of

IN_ORDER: Final = 6  # so many values in the order of time are no chance: one in 360
LOOKED_AT: Final = 5000
SPREAD_DAYS: Final = 10  # different days of a column of dates
LATE_DAY: Final = 25
_UNPADDED: Final = re.compile(r"(?<![0-9])[1-9][./-][0-9]|[0-9][./-][1-9](?![0-9])")
_HALF: Final = re.compile(r"[0-9][ \u00a0\u202f]?[AaPp]\.? ?[Mm]\b")


def choose_order(best: Sequence[Notation], dates: Sequence[str], name: str) -> tuple[Notation | None, str]:
    """One of the notations that read the dates equally well, and what is doubtful about it.

    best: in the order of preference. dates: values that all of them read. name: the column's.
    None where numbers like 1.10.12 are more likely versions than dates.
    """
    first = best[0]
    if first.style != "numeric":
        return first, ""
    rivals = {n.order: n for n in best if (n.style, n.short, n.before) == ("numeric", first.short, first.before)}
    if first.short and not _is_short_date(first, dates, name):
        return None, ""
    if "YMD" in rivals and len(rivals) > 1:
        return _year_first(rivals, dates, name)
    if len(rivals) == 1:
        return first, ""
    return _day_or_month(rivals["DMY"], rivals["MDY"], dates, name)


def _numbers(dates: Sequence[str], before: bool) -> np.ndarray:
    """The three numbers of each day, int [n, 3]."""
    found = [re.findall("[0-9]+", date) for date in dates[:LOOKED_AT]]
    return np.array([numbers[-3:] if before else numbers[:3] for numbers in found], "int64")


def _is_short_date(notation: Notation, dates: Sequence[str], name: str) -> bool:
    """Are dd.mm.yy and the like dates? Versions (1.10.12) have points, no leading zeros, and no even spread to 31."""
    bare = [date for date in dates[:LOOKED_AT] if "." in date[:6] and _UNPADDED.search(date[:8])]
    if len(bare) <= 0.05 * len(dates[:LOOKED_AT]) or speaks_of_time(name):
        return True
    days = np.unique(_numbers(dates, notation.before)[:, notation.order.index("D")])
    return len(days) >= SPREAD_DAYS and days.max() >= LATE_DAY


def _year_first(rivals: dict[str, Notation], dates: Sequence[str], name: str) -> tuple[Notation, str]:
    """22-04-10: the year has fewer values than the day, which has up to 31."""
    numbers = _numbers(dates, next(iter(rivals.values())).before)
    heads, tails = len(np.unique(numbers[:, 0])), len(np.unique(numbers[:, 2]))
    if tails > 2 * heads:
        return rivals["YMD"], ""
    last, doubt = rivals.get("DMY") or rivals["MDY"], ""
    if len(rivals) == 3:
        last, doubt = _day_or_month(rivals["DMY"], rivals["MDY"], dates, name)
    if heads <= 2 * tails:
        doubt = f"year and day cannot be told apart; {flag(name, rivals['YMD'], dates)} reads the year first"
    return last, doubt


def _day_or_month(day_first: Notation, month_first: Notation, dates: Sequence[str], name: str) -> tuple[Notation, str]:
    """04/10/2022, where no number is above 12: told by what else the column shows, else guessed and said."""
    numbers = _numbers(dates, day_first.before)
    if (numbers[:, 0] == numbers[:, 1]).all():
        return day_first, ""
    years = len(np.unique(numbers[:, 2]))
    constant = [bool((numbers[:, k] == 1).all()) for k in (0, 1)]
    if years > 1 and constant[0] != constant[1]:  # the first of each month, for years
        return (day_first if constant[0] else month_first), ""
    in_time = [_in_order(n, dates) for n in (day_first, month_first)]
    if in_time[0] != in_time[1]:
        return (day_first if in_time[0] else month_first), ""
    shown = dates[:LOOKED_AT]
    if 2 * sum("." in date[:4] for date in shown) > len(shown):
        return day_first, ""  # points are written where the day comes first
    american = any(_HALF.search(date) for date in shown) or any(_UNPADDED.search(date[:6]) for date in shown)
    slashes = 2 * sum("/" in date[:4] for date in shown) > len(shown)
    guess, other = day_first, month_first
    if american and slashes and not words_of(name) & DAY_FIRST_WORDS:
        guess, other = month_first, day_first
    part = "day" if other is day_first else "month"
    reads = f"{flag(name, other, dates)} reads the {part} first"
    return guess, f"day and month cannot be told apart: every number is at most 12; {reads}"


def _in_order(notation: Notation, dates: Sequence[str]) -> bool:
    """Are the dates, as the notation reads them, in the order of time?"""
    if len(dates) < IN_ORDER:
        return False
    read = [reader(notation.name)(date) or "" for date in dates[:LOOKED_AT]]
    return read in (sorted(read), sorted(read, reverse=True))


def flag(name: str, notation: Notation, dates: Sequence[str]) -> str:
    """The flag that has a column read in another notation, in the signs of its dates."""
    sign = next((sign for sign in "./-" if sign in dates[0][:6]), "/")
    same = (notation.order, notation.short, notation.before)
    names = [n.name for n in NOTATIONS.values() if n.style == "numeric" and (n.order, n.short, n.before) == same]
    found = next((known for known in names if sign in known), names[0])
    pair = f"{name or 'COLUMN'}={found}"
    return f"--notation '{pair}'" if " " in pair else f"--notation {pair}"
