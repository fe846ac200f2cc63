"""Whole numbers that may be dates, as 20220410 and 1649589840 are: numbers of another kind must not become dates."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from mmkeras.data.dates.notation import NOTATIONS, Notation
from mmkeras.data.dates.read import reader
from mmkeras.data.dates.words import speaks_of_time

WHOLE: Final = re.compile(r"[0-9]{1,19}(\.[0-9]{0,9})?")
DIGITS: Final = {
    "YYYYMMDD": (8, 12, 14),
    "unix seconds": (9, 10),
    "unix milliseconds": (12, 13),
    "unix microseconds": (15, 16),
    "unix nanoseconds": (18, 19),
}
"""Notation -> the numbers of digits that its values have, since 1990."""
NAMED_RANGE: Final = (631_152_000, 2_208_988_800)  # 1990 to 2040, where the column's name speaks of time
ROUND_RANGE: Final = (946_684_800, 1_893_456_000)  # 2000 to 2030, where the numbers alone do
YEARS: Final = (1900, 2100)
FEW: Final = 3  # values: fewer valid YYYYMMDD may be chance
ROUND: Final = 60  # seconds; milliseconds and finer are whole seconds
SHARE: Final = 0.95  # of the values
SHOWN: Final = 1000
SHORTEST_SPAN: Final = 7 * 86400  # seconds


def find_whole(values: Sequence[str], name: str) -> tuple[Notation | None, str]:
    """The notation of a column of whole numbers, and what is doubtful about it; None where they are no dates.

    values: distinct, not missing; some may be no numbers. name: the column's.
    """
    wholes = [value.partition(".")[0] for value in values if WHOLE.fullmatch(value)]
    digits = Counter(map(len, wholes[:SHOWN]))
    for known, allowed in DIGITS.items():
        if sum(digits[length] for length in allowed) >= SHARE * digits.total():
            found = NOTATIONS[known]
            dates = [whole for whole in wholes if reader(known)(whole)]
            if len(dates) >= SHARE * len(values):
                is_date, doubt = (
                    (is_compact(dates, name), "") if found.style == "compact" else _unix(found, dates, name)
                )
                if is_date:
                    return found, doubt
    return None, ""


def _unix(notation: Notation, dates: Sequence[str], name: str) -> tuple[bool, str]:
    """Are numbers times in unix seconds or finer, and what is doubtful about it?"""
    numbers = np.array(dates, "int64")
    seconds = numbers // 10**notation.dropped
    days = [reader("YYYYMMDD")(date[:8]) for date in dates] if not notation.dropped else [None]
    if np.mean([day is not None for day in days]) >= SHARE:  # a day and an hour or a running number: 2022041001
        return False, ""
    if speaks_of_time(name) and _within(seconds, NAMED_RANGE):
        return True, ""
    if speaks_of_time(name) is None or not _within(seconds, ROUND_RANGE) or len(numbers) < FEW:
        return False, ""
    is_round = np.mean(numbers % (10**notation.dropped if notation.dropped else ROUND) == 0) >= SHARE
    if not is_round or np.ptp(np.percentile(seconds, (5, 95))) < SHORTEST_SPAN:
        return False, ""
    return True, f"the numbers may be no times; --number {name or 'COLUMN'} reads them as numbers"


def _within(seconds: np.ndarray, bounds: tuple[int, int]) -> bool:
    return bool(np.mean((seconds >= bounds[0]) & (seconds < bounds[1])) >= SHARE)


def is_compact(values: Sequence[str], name: str) -> bool:
    """Are values in `YYYYMMDD` dates? Any eight digits that begin with 19 or 20 are with a probability of 4 % each."""
    if np.mean([YEARS[0] <= int(value[:4]) < YEARS[1] for value in values]) < SHARE:
        return False
    # 20220401, 20220402, … of one month alone may be a month and a running number
    return bool(speaks_of_time(name)) or (len(values) >= FEW and len({value[:6] for value in values}) > 1)
