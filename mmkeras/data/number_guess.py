"""Guesses the notation of a column of numbers from its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.numbers import GROUPS, PLAIN, SCALES, Notation, Parts, as_plain, core_pattern, parts_of

ODD_ALLOWED: Final = 0.05
"""Largest share of the cells of a column of numbers, dates or files that are none."""
ENOUGH: Final = 5
"""So many numbers with three digits behind the only separator are evidence for thousands."""

_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")


@dataclass(frozen=True)
class NumberReading:
    """How a column's cells read as numbers. plain: each value in Python's notation, '' where `odd`, bool [n]."""

    notation: str
    plain: list[str]
    odd: np.ndarray
    doubtful: str = ""
    """Why the notation may be another one, as the end of a sentence; '' where it is certain."""


def read_numbers(values: Sequence[str], notation: Notation) -> NumberReading:
    """The reading of values by a notation."""
    if str(notation) == PLAIN:
        numbers = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce").to_numpy(dtype=np.float64)
        odd = ~np.isfinite(numbers)
        return NumberReading(PLAIN, ["" if o else value for value, o in zip(values, odd, strict=True)], odd)
    plain = [as_plain(value, notation) for value in values]
    odd = np.array([number is None for number in plain], dtype=bool)
    return NumberReading(str(notation), [number or "" for number in plain], odd)


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
    plain = read_numbers(values, Notation("", "."))
    if not plain.odd.any() and not _may_be_thousands(values, decimal):
        return plain
    head = values[:200]
    strange = np.array([parts_of(value) is None and not _is_plain(value) for value in head])
    if rows[: len(head)][strange].sum() > max(odd_allowed, 0.2) * rows[: len(head)].sum():
        return None  # most columns of text end here: no need to parse all of their cells
    parts = [parts_of(value) for value in values]
    unit = _unit(parts)
    if unit is None:
        return plain if _fits(plain, rows, odd_allowed) else None
    candidates = [Notation(group, point, *unit) for group, point in GROUPS]
    cores = [part.core for part in parts if part]
    order = _in_order(candidates, cores, decimal)
    readable = [int((~plain.odd).sum()) if str(n) == PLAIN else _readable(parts, n) for n in order]
    best = order[int(np.argmax(readable))]
    reading = plain if str(best) == PLAIN else read_numbers(values, best)
    if not _fits(reading, rows, odd_allowed):
        return None
    doubt = _doubt(cores, best, decimal)
    return NumberReading(reading.notation, reading.plain, reading.odd, doubt)


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
    return sum(bool(part and pattern.fullmatch(part.core)) for part in parts)


def _unit(parts: Sequence[Parts | None]) -> tuple[str, str, bool] | None:
    """The prefix, the suffix, and whether suffixes are powers of ten; None where several units are mixed."""
    numbers = [part for part in parts if part]
    allowed = ODD_ALLOWED * len(parts)
    prefixes = Counter(part.prefix for part in numbers if part.prefix)
    suffixes = Counter(part.unit for part in numbers if part.suffix)
    if prefixes.total() - max(prefixes.values(), default=0) > allowed:
        return None
    prefix = prefixes.most_common(1)[0][0] if prefixes else ""
    bare = len(numbers) - suffixes.total()
    scales = {unit for unit in suffixes if unit in SCALES}
    only_scales = suffixes.total() - sum(suffixes[unit] for unit in scales) <= allowed
    certain = len(scales) > 1 or bool(scales - {"m", "b", "t"}) or bool(prefix and bare)  # m, b, t may be units
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
    if len(pointed) < ENOUGH or not all(_THOUSANDS.fullmatch(value.lstrip("+-")) for value in pointed):
        return False
    whole = [value for value in values if "." not in value]
    return decimal == "," or (bool(whole) and all(len(value.lstrip("+-")) <= 3 for value in whole))


def _in_order(candidates: list[Notation], cores: Sequence[str], decimal: str) -> list[Notation]:
    """The candidates, the likelier first: of those that read as many values, the first is taken."""
    if _may_be_thousands(cores, decimal):
        return sorted(candidates, key=lambda n: n.group != ".")
    commas = [core for core in cores if "," in core]
    all_thousands = bool(commas) and all(_THOUSANDS.fullmatch(core) for core in commas)
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
        if all(_THOUSANDS.fullmatch(core) for core in marked):
            meaning = "thousands" if notation.group == sign else "decimals"
            reason = "as in the other columns" if decimal else "as three digits stand behind every one"
            return f"{sign!r} is taken to separate {meaning}, {reason}"
    return ""
