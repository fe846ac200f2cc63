"""Guesses the notation of a column of numbers from its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.data.values.cells import to_floats
from mmkeras.data.values.numbers import (
    GROUPS,
    MAY_BE_UNITS,
    PLAIN,
    SCALES,
    Notation,
    Parts,
    all_plain,
    as_plain,
    core_pattern,
    may_have_exponent,
    parse_notation,
    parts_of,
)

ODD_ALLOWED: Final = 0.05
"""Largest share of the cells of a column of numbers, dates or files that are none."""
LOOKS: Final = (200, 5000)
"""Values that are looked at first, and those that decide the notation of a long column."""
ENOUGH: Final = 5
"""So many numbers with three digits behind the only separator are evidence for thousands."""

THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


@dataclass(frozen=True)
class NumberReading:
    """How a column's cells read as numbers. plain: each value in Python's notation, '' where `odd`, bool [n]."""

    notation: str
    plain: list[str]
    odd: np.ndarray
    doubtful: str = ""
    """Why the notation may be another one, as the end of a sentence; '' where it is certain."""

    def numbers(self) -> np.ndarray:
        """float64 [n], NaN where odd."""
        return to_floats(self.plain)


def read_numbers(values: Sequence[str], notation: Notation) -> NumberReading:
    """The reading of values, without white space around them, by a notation."""
    if str(notation) != PLAIN:
        found = all_plain(values, notation)
        odd = np.array([number is None for number in found], dtype=bool)
        return NumberReading(str(notation), [number or "" for number in found], odd)
    plain, odd = list(values), np.isnan(to_floats(values))
    for i in np.flatnonzero(odd).tolist():  # −5 with a sign of its own, (300), ５
        plain[i] = as_plain(values[i], notation) or ""
        odd[i] = not plain[i]
    return NumberReading(PLAIN, plain, odd)


def find_numbers(
    values: Sequence[str], decimal: str = "", rows: np.ndarray | None = None, odd_allowed: float = ODD_ALLOWED
) -> NumberReading | None:
    """The notation that reads the most values; None where more than `odd_allowed` of the rows are no numbers.

    values: the column's different cells, stripped, without missing marks. rows: int [n], the rows of each; None: one.
    decimal: the separator of decimals in the other columns, which decides where a column alone cannot; '' if unknown.
    """
    if not len(values):
        return None
    rows = np.ones(len(values), dtype=np.int64) if rows is None else rows
    look = evenly(len(values), LOOKS[0])  # most columns of text end here: no need to parse all of their cells
    strange = np.array([parts_of(values[i]) is None and not _is_plain(values[i]) for i in look])
    if rows[look][strange].sum() > max(odd_allowed, 0.2) * rows[look].sum():
        return None
    if not np.isnan(to_floats(values)).any() and not _may_be_thousands(values, decimal):
        return read_numbers(values, Notation("", "."))
    parts = [parts_of(values[i]) for i in evenly(len(values), LOOKS[1])]
    unit = _unit(parts)
    if unit is None:
        plain = read_numbers(values, Notation("", "."))
        return plain if _fits(plain, rows, odd_allowed) else None
    candidates = [Notation(group, point, *unit) for group, point in GROUPS]
    cores = [part.core for part in parts if part]
    order = _in_order(candidates, cores, decimal)
    readable = [_readable(parts, notation) for notation in order]
    reading = read_numbers(values, order[int(np.argmax(readable))])
    if not _fits(reading, rows, odd_allowed):
        return None
    doubt = _doubt(cores, parse_notation(reading.notation), decimal)
    return NumberReading(reading.notation, reading.plain, reading.odd, doubt)


def evenly(n: int, count: int) -> np.ndarray:
    """At most `count` of n indices, evenly spaced."""
    return np.arange(n) if n <= count else np.linspace(0, n - 1, count).astype(np.int64)


def _fits(reading: NumberReading, rows: np.ndarray, odd_allowed: float) -> bool:
    return bool(rows[reading.odd].sum() <= odd_allowed * rows.sum())


def _is_plain(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _readable(parts: Sequence[Parts | None], notation: Notation) -> int:
    """How many values have a core that the notation reads."""
    pattern = core_pattern(notation.group, notation.decimal)
    return sum(
        bool(part and pattern.fullmatch(part.core) and may_have_exponent(part, notation.group)) for part in parts
    )


def _unit(parts: Sequence[Parts | None]) -> tuple[str, str, bool] | None:
    """The prefix, the suffix, and whether suffixes are powers of ten; None where several units are mixed."""
    numbers = [part for part in parts if part]
    allowed = ODD_ALLOWED * len(parts)
    prefixes = Counter(part.prefix for part in numbers if part.prefix)
    suffixes = Counter(part.unit for part in numbers if part.suffix)
    if prefixes.total() - max(prefixes.values(), default=0) > allowed:
        return None
    prefix = prefixes.most_common(1)[0][0] if prefixes else ""
    scales = {unit for unit in suffixes if unit in SCALES}
    only_scales = suffixes.total() - sum(suffixes[unit] for unit in scales) <= allowed
    certain = len(scales) > 1 or bool(scales - MAY_BE_UNITS) or bool(prefix)
    if scales and only_scales and certain:
        return prefix, "", True
    if suffixes.total() - max(suffixes.values(), default=0) > allowed:
        return None
    if not suffixes:
        return prefix, "", False
    unit = suffixes.most_common(1)[0][0]
    spelled = Counter(part.suffix for part in numbers if part.unit == unit).most_common(1)[0][0]
    return prefix, spelled, False


def _may_be_thousands(values: Sequence[str], decimal: str) -> bool:
    """Could the full stops of plain numbers separate thousands? 850, 1.234, 12.500 rather than 0.850, 1.2, 12.5.

    Only where all have three digits behind them, and the numbers without one are below 1000, or where the other
    columns have decimal commas.
    """
    pointed = [value for value in values if "." in value]
    if len(pointed) < ENOUGH or not all(THOUSANDS.fullmatch(value.lstrip("+-")) for value in pointed):
        return False
    whole = [value for value in values if "." not in value]
    return decimal == "," or (bool(whole) and all(len(value.lstrip("+-")) <= 3 for value in whole))


def _in_order(candidates: list[Notation], cores: Sequence[str], decimal: str) -> list[Notation]:
    """The candidates, the likelier first: of those that read as many values, the first is taken."""
    if _may_be_thousands(cores, decimal):
        return sorted(candidates, key=lambda n: n.group != ".")
    commas = [core for core in cores if "," in core]
    all_thousands = bool(commas) and all(THOUSANDS.fullmatch(core) for core in commas)
    if all_thousands and decimal == ",":
        return sorted(candidates, key=lambda n: n.decimal != ",")
    return candidates


def _doubt(cores: Sequence[str], notation: Notation, decimal: str) -> str:
    """Why a column's separator may mean something else; '' where its cells decide."""
    for sign, decides in ((",", notation.group == "," or notation.decimal == ","), (".", notation.group == ".")):
        marked = [core for core in cores if sign in core]
        other = "." if sign == "," else ","
        if not decides or not marked or any(other in core for core in cores):
            continue
        if all(THOUSANDS.fullmatch(core) for core in marked):
            meaning = "thousands" if notation.group == sign else "decimals"
            reason = "as in the other columns" if decimal else "as three digits stand behind every one"
            return f"{sign!r} is taken to separate {meaning}, {reason}"
    return ""
