"""The notations of dates: their names, patterns, and where the runs of digits in a cell have day, month and year."""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from typing import Final

from mmkeras.data.dates import patterns as patterns
from mmkeras.errors import InputError

ISO: Final = "YYYY-MM-DD"
"""The notation of runs whose schema names none."""
BEFORE: Final = "HH:MM "
"""Begins the name of a notation whose time of day stands before the day."""

_UNITS = {"unix seconds": 0, "unix milliseconds": 3, "unix microseconds": 6, "unix nanoseconds": 9}


@dataclass(frozen=True)
class Notation:
    """One notation.

    style: `iso`, `numeric`, `named` (the month has a name), `ctime`, `compact`, `time` or `unix`.
    order: of day, month and year: `DMY`, `MDY` or `YMD`. short: is the year of two digits?
    before: does the time of day stand before the day? dropped: digits behind the seconds of unix time.
    """

    name: str
    style: str
    order: str = "YMD"
    short: bool = False
    before: bool = False
    dropped: int = 0

    @property
    def max_bytes(self) -> int:
        """The longest cell: of ISO 8601, what is read of it; longer cells are no dates in the other notations."""
        return {"iso": 16, "numeric": 64, "named": 80, "ctime": 48}.get(self.style, 40)

    @property
    def pattern(self) -> str:
        """The pattern of a whole cell without outer white space."""
        day = {
            "numeric": lambda: patterns.numeric(self.order, self.short),
            "named": lambda: patterns.named(self.order, self.short),
            "iso": lambda: patterns.ISO_PATTERN,
            "ctime": lambda: patterns.CTIME,
            "compact": lambda: patterns.COMPACT,
            "time": lambda: patterns.TIME_ALONE,
            "unix": lambda: patterns.unix(self.dropped),
        }[self.style]()
        if self.style not in ("numeric", "named"):
            return day
        if self.before:
            return patterns.TIME_BEFORE + day
        # Apache's and SAS' logs have a colon between day and time
        behind = patterns.TIME_BEHIND.replace("[Tt]", "[Tt:]") if self.style == "named" else patterns.TIME_BEHIND
        return day + behind

    @property
    def runs(self) -> tuple[int, int, int, int, int]:
        """Which run of digits is the year, month, day, hour and minute: from 1, or from the end as -1; 0 for none."""
        if self.style == "time":
            return (0, 0, 0, 1, 2)
        if self.style == "ctime":
            return (-1, 0, 1, 2, 3)
        parts = [part for part in self.order if part != "M" or self.style == "numeric"]
        first = -len(parts) if self.before else 1
        place = {part: first + k for k, part in enumerate(parts)}
        hour = 1 if self.before else len(parts) + 1
        return (place["Y"], place.get("M", 0), place["D"], hour, hour + 1)

    @property
    def name_behind(self) -> int:
        """The run of digits that the month's name stands behind, counted as in `runs`; 0: it begins the cell."""
        if self.before:
            return {"DMY": -2, "MDY": -3, "YMD": -2}[self.order]
        return 0 if self.order == "MDY" else 1

    @property
    def example(self) -> str:
        """26 November 2026, half past two, as this notation has it."""
        if self.style == "unix":
            return "1795703400" + "0" * self.dropped
        text = self.name.removeprefix(BEFORE) if self.before else self.name
        for sign, value in _SIGNS:
            text = text.replace(sign, value)
        return f"14:30 {text}" if self.before else text

    @property
    def sentence(self) -> str:
        """The cells of a column in words, for the contract with clients."""
        if self.style == "iso":
            return "YYYY-MM-DD, or YYYY-MM-DD HH:MM; what stands behind is not read"
        if self.style == "unix":
            return f"whole {self.name.removeprefix('unix ')} since 1970-01-01 00:00 UTC"
        if self.style == "time":
            return "a time of day, such as 14:30 or 2:30 PM; seconds and time zones are not read"
        years = "; years of two digits from 69 are of the 1900s" if self.short else ""
        behind = f", or with a time of day behind, such as {self.example} 14:30"
        time = "" if self.before or self.style == "ctime" else behind
        return f"{self.name}, such as {self.example}{time}{years}; seconds and time zones are not read"


_SIGNS = (
    *(("YYYY", "2026"), ("YY", "26"), ("MM月", "11月"), ("HH:MM", "14:30"), ("MM", "11"), ("Mon", "Nov")),
    *(("DD", "26"), ("-M-", "-11-"), ("D", "26")),
)


def _all() -> dict[str, Notation]:
    notations = [Notation(ISO, "iso")]
    for sign in ".-/":
        first = "YYYY-M-D" if sign == "-" else f"YYYY{sign}MM{sign}DD"
        notations.append(Notation(first, "numeric"))
        for order, name in (("DMY", f"DD{sign}MM{sign}YYYY"), ("MDY", f"MM{sign}DD{sign}YYYY")):
            notations.append(Notation(name, "numeric", order))
    notations += [
        Notation("YYYY年MM月DD日", "numeric"),
        Notation("D Mon YYYY", "named", "DMY"),
        Notation("Mon D, YYYY", "named", "MDY"),
        Notation("YYYY Mon D", "named"),
    ]
    for sign in ".-/":
        for order, name in (("DMY", "DD.MM.YY"), ("MDY", "MM.DD.YY"), ("YMD", "YY.MM.DD")):
            notations.append(Notation(name.replace(".", sign), "numeric", order, short=True))
    notations += [Notation("D Mon YY", "named", "DMY", True), Notation("Mon D, YY", "named", "MDY", True)]
    notations += [
        Notation(f"{BEFORE}{n.name}", n.style, n.order, n.short, before=True) for n in notations if n.style != "iso"
    ]
    notations += [
        Notation("Mon D HH:MM YYYY", "ctime", "MDY"),
        Notation("YYYYMMDD", "compact"),
        Notation("HH:MM", "time"),
        *(Notation(name, "unix", dropped=dropped) for name, dropped in _UNITS.items()),
    ]
    return {notation.name: notation for notation in notations}


NOTATIONS: Final = _all()
"""Name -> Notation. Notations that differ in the sign between day, month and year alone read the same cells."""


@functools.cache
def notation_of(name: str) -> Notation:
    """The notation of a name, without regard to case. Raises InputError that lists the names."""
    folded = {known.casefold(): known for known in NOTATIONS}
    if name.casefold() in folded:
        return NOTATIONS[folded[name.casefold()]]
    near = difflib.get_close_matches(name.casefold(), folded, 1)
    hint = f" Did you mean {folded[near[0]]}?" if near else ""
    names = ", ".join(known for known, notation in NOTATIONS.items() if not notation.before)
    raise InputError(
        f"there is no notation of dates {name!r}.{hint} Expected one of: {names}; or one of those with the time of day "
        f"in front, such as HH:MM DD.MM.YYYY. (A time of day behind is read in every notation.)"
    )
