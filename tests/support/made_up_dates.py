"""Random moments, and how people write them in each notation."""

from __future__ import annotations

import datetime
import random

from mmkeras.data.dates.calendar import NOTATIONS, Notation
from mmkeras.data.dates.months import NAMES

UTC = datetime.UTC
WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
ENDS = [
    datetime.datetime(year, month, day, 23, 59)
    for year in (1900, 1904, 1999, 2000, 2023, 2024, 2100)
    for month, day in ((1, 1), (1, 31), (2, 28), (3, 1), (12, 31), (9, 30))
] + [datetime.datetime(year, 2, 29, 0, 0) for year in (1904, 1996, 2000, 2024, 2096)]


def moments(count: int, seed: int = 0, first: int = 1900, last: int = 2100) -> list[datetime.datetime]:
    """The ends of months and years, leap days, and random minutes of the years."""
    rng = random.Random(seed)
    start = datetime.datetime(first, 1, 1)
    minutes = (datetime.datetime(last + 1, 1, 1) - start) // datetime.timedelta(minutes=1)
    ends = [end for end in ENDS if first <= end.year <= last]
    return (ends + [start + datetime.timedelta(minutes=rng.randrange(minutes)) for _ in range(count)])[:count]


def write(moment: datetime.datetime, notation: Notation, rng: random.Random, timed: bool = False) -> str:
    """The moment in a notation, with the liberties that it allows. timed: with the time of day, where it may lack."""
    if notation.style == "unix":
        seconds = int(moment.replace(tzinfo=UTC).timestamp())
        return (
            f"{seconds}{rng.randrange(10**notation.dropped):0{notation.dropped}d}" if notation.dropped else f"{seconds}"
        )
    clock = write_time(moment, rng)
    if notation.style == "time":
        return clock
    if notation.style == "iso":
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ" if timed else "%Y-%m-%d")
    if notation.style == "compact":
        return moment.strftime(rng.choice(["%Y%m%dT%H%M%SZ", "%Y%m%d %H:%M", "%Y%m%d%H%M"]) if timed else "%Y%m%d")
    if notation.style == "ctime":
        zone = rng.choice(["", " UTC", " +0000", " PDT"])
        return moment.strftime(f"{WEEKDAYS[moment.weekday()]} %b {moment.day:2d} %H:%M:%S{zone} %Y")
    day = write_day(moment, notation, rng)
    if notation.before:
        return f"{rng.choice([moment.strftime('%H:%M'), moment.strftime('%I:%M %p')])} {day}"
    return f"{day}{rng.choice([' ', 'T', ', '])}{clock}" if timed else day


def write_time(moment: datetime.datetime, rng: random.Random) -> str:
    """14:30, 2:30 PM, 14:30:00.25, …"""
    half = f"{moment.hour % 12 or 12}:{moment:%M}"
    sign = "AP"[moment.hour >= 12]
    return rng.choice(
        [
            *(f"{moment:%H:%M}", f"{moment.hour}:{moment:%M}", f"{moment:%H:%M:%S}", f"{moment:%H:%M:%S}.125Z"),
            *(f"{half} {sign}M", f"{half}{sign.lower()}m", f"{half}:05\u202f{sign}M", f"{half} {sign.lower()}.m."),
        ]
    )


def write_day(moment: datetime.datetime, notation: Notation, rng: random.Random) -> str:
    """The day alone, in a notation of numbers or of names."""
    padded = rng.random() < 0.7
    year = f"{moment.year % 100:02d}" if notation.short else f"{moment.year}"
    day = f"{moment.day:02d}" if padded else f"{moment.day}"
    month = f"{moment.month:02d}" if padded else f"{moment.month}"
    weekday = WEEKDAYS[moment.weekday()]
    if notation.style == "named":
        name = rng.choice([str.lower, str.upper, str.capitalize])(rng.choice(NAMES[moment.month - 1].split()))
        if notation.order == "DMY":
            return rng.choice(
                [
                    *(f"{day} {name} {year}", f"{day}-{name}-{year}", f"{weekday}, {moment.day}. {name} {year}"),
                    *(f"{moment.day}th of {name} {year}", f"{day} de {name} de {year}", f"{day}{name}{year}"),
                ]
            )
        if notation.order == "MDY":
            name = rng.choice([moment.strftime("%b"), moment.strftime("%B"), moment.strftime("%b.").upper()])
            return rng.choice(
                [f"{name} {day}, {year}", f"{name} {moment.day} {year}", f"{weekday}, {name} {day}, {year}"]
            )
        return rng.choice([f"{year} {name} {day}", f"{year}-{name}-{day}"])
    if "年" in notation.name:
        return rng.choice([f"{year}年{month}月{day}日", f"{year}년 {month}월 {day}일"])
    sign = next(sign for sign in "./-" if sign in notation.name)
    between = f"{sign} " if sign == "." and rng.random() < 0.2 else sign
    text = between.join({"D": day, "M": month, "Y": year}[part] for part in notation.order)
    return f"{weekday} {text}" if rng.random() < 0.1 else text


def years_of(notation: Notation) -> tuple[int, int]:
    """The years that a notation can write: of two digits, those of POSIX; of unix time, those of ten digits."""
    if notation.short:
        return 1969, 2068
    return (1971, 2100) if notation.style == "unix" else (1900, 2100)


ALL = list(NOTATIONS.values())
