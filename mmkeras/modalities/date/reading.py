"""The bytes of a cell in any notation -> year, month, day, hour and minute, inside the graph.

Whole numbers in float32, exact in every runtime; what `data.dates.read` reads by regular expressions is read here by
runs of digits: the first run of `26.11.2026 14:30` is the day, the fifth the minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from keras import ops

from mmkeras.data.dates.months import JUI, KEYS
from mmkeras.data.dates.notation import Notation
from mmkeras.data.dates.read import FIRST_OF_THE_1900S
from mmkeras.modalities.text.exact import Tensor, at_least, between, equal, look_up, modulo, previous

# The place value of each byte in the year, month, day, hour and minute of ISO 8601: [5, 16]
ISO_PLACES: Final = np.zeros((5, 16), "float32")
ISO_PLACES[0, :4] = 1000, 100, 10, 1
for part, first in enumerate((5, 8, 11, 14), 1):
    ISO_PLACES[part, first : first + 2] = 10, 1
# The same of each digit of YYYYMMDDHHMM: [5, 12]
COMPACT_PLACES: Final = np.delete(ISO_PLACES, [4, 7, 10, 13], axis=1)
EPOCH: Final = 719_468  # days from 1 March of the year 0 to 1970-01-01

# A table of the names of months by key modulo a prime, where no two keys meet: [NAMES_PRIME] each
NAMES_PRIME: Final = np.array(317, "float32")
_NAME_KEY = np.zeros(int(NAMES_PRIME), "int32")
_NAME_MONTH = np.zeros(int(NAMES_PRIME), "int32")
for key, month in KEYS.items():
    _NAME_KEY[key % int(NAMES_PRIME)], _NAME_MONTH[key % int(NAMES_PRIME)] = key, month


@dataclass(frozen=True)
class Moment:
    """Whole numbers [b, 1] each. valid: 1.0 where they are a day of the calendar and a time of day, else 0.0."""

    year: Tensor
    month: Tensor
    day: Tensor
    hour: Tensor
    minute: Tensor
    valid: Tensor


def quotient(x: Tensor, divisor: int) -> Tensor:
    """Whole numbers x >= 0, at most a few thousand times the divisor -> floor(x / divisor), exact in every runtime."""
    return ops.floor((x + 0.5) * (1.0 / divisor))


def read_moment(data: Tensor, notation: Notation) -> Moment:
    """Uint8 [b, n], zero-padded -> what the cell holds. Bytes behind `notation.max_bytes` are not read."""
    width = notation.max_bytes
    b = ops.pad(ops.cast(data, "float32"), [[0, 0], [0, width]])[:, :width]  # [b, W]
    if notation.style == "iso":
        digits = ops.clip(b - float(ord("0")), 0.0, 9.0)
        parts = ops.sum(ops.expand_dims(digits, 1) * ISO_PLACES, axis=2)  # [b, 1, 16] x [5, 16] -> [b, 5]
        return _checked(parts, first_year=1)
    read = {"compact": _compact, "unix": _unix, "time": _time}.get(notation.style, _by_runs)
    return read(b, notation)


def _checked(parts: Tensor, first_year: int, valid: Any = 1.0) -> Moment:
    """Year, month, day, hour and minute [b, 5] -> a Moment, valid where `valid` and where the calendar has them."""
    year, month, day, hour, minute = ops.split(parts, 5, axis=1)  # [b, 1] each
    short = equal(month, 4.0) + equal(month, 6.0) + equal(month, 9.0) + equal(month, 11.0)
    longest = 31.0 - short - equal(month, 2.0) * (3.0 - _is_leap(year))
    valid = valid * between(month, 1.0, 12.0) * at_least(day, 1.0) * at_least(longest - day, 0.0)
    valid = valid * between(year, float(first_year), 9999.0) * _is_time(hour, minute)
    return Moment(year, month, day, hour, minute, valid)


def _is_leap(year: Tensor) -> Tensor:
    return sum(sign * equal(year - n * quotient(year, n), 0.0) for n, sign in ((4, 1.0), (100, -1.0), (400, 1.0)))


def _is_time(hour: Tensor, minute: Tensor) -> Tensor:
    return between(hour, 0.0, 23.0) * between(minute, 0.0, 59.0)


def _following(x: Tensor, k: int) -> Tensor:
    """The entry k places behind each entry, [b, W]; 0 at the end."""
    return ops.pad(x[:, k:], [[0, 0], [0, k]])


def _digits(b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Bytes [b, W] -> is each a digit, its value, and the number of the run of digits that it is in or behind."""
    digit = between(b, 48.0, 57.0)
    return digit, (b - 48.0) * digit, ops.cumsum(digit * (1.0 - previous(digit)), axis=1)


def _run_values(b: Tensor, notation: Notation) -> tuple[Tensor, Tensor, Tensor]:
    """The values of `notation.runs`, [b, 5]; the number of each byte's run, [b, W]; the number of runs, [b, 1]."""
    digit, value, run = _digits(b)
    one = _following(digit, 1)  # as many further digits has the run behind this one
    two = one * _following(digit, 2)
    three = two * _following(digit, 3)
    value = value * (1.0 + 9.0 * one + 90.0 * two + 900.0 * three)
    last = run[:, -1:]
    wanted = np.array(notation.runs, "float32")
    from_end = (wanted < 0).astype("float32")[:, None]  # [5, 1]
    # [b, 1, W] - [5, 1] * [b, 1, 1] -> [b, 5, W]
    number = ops.expand_dims(run, 1) - from_end * ops.expand_dims(last + 1.0, 1)
    values = ops.sum(equal(number, wanted[:, None]) * ops.expand_dims(value, 1), axis=2)  # [b, 5]
    return values, run, last


def _by_runs(b: Tensor, notation: Notation) -> Moment:
    values, run, last = _run_values(b, notation)
    year, month, day, hour, minute = ops.split(values, 5, axis=1)
    valid: Any = 1.0
    if notation.style != "numeric":
        month, valid = _named_month(b, run, last, notation)
    if notation.short:
        short = 1.0 - at_least(year, 100.0)
        year = year + short * (2000.0 - 100.0 * at_least(year, float(FIRST_OF_THE_1900S)))
    hour = _of_24(hour, *_half(b, run, notation))
    return _checked(ops.concatenate([year, month, day, hour, minute], axis=1), 1000, valid)


def _letters(b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Bytes with ASCII letters in lower case; is each a letter; does it begin a word? [b, W] each."""
    lower = b + 32.0 * between(b, 65.0, 90.0)
    letter = between(lower, 97.0, 122.0)
    return lower, letter, letter * (1.0 - previous(letter))


def _named_month(b: Tensor, run: Tensor, last: Tensor, notation: Notation) -> tuple[Tensor, Tensor]:
    """The month of the word that is a month's name, and whether there is one such word: [b, 1] each."""
    lower, _, begins = _letters(b)
    behind = float(notation.name_behind)
    place = begins * equal(run - (last + 1.0) * float(behind < 0), behind)
    key = 65536.0 * lower + 256.0 * _following(lower, 1) + _following(lower, 2)  # below 2**24
    slot = modulo(key, NAMES_PRIME)
    known = place * equal(look_up(_NAME_KEY, slot), key)
    july = equal(key, float(JUI)) * equal(_following(lower, 3), float(ord("l")))
    month = ops.sum(known * (look_up(_NAME_MONTH, slot) + july), axis=1, keepdims=True)
    return month, equal(ops.sum(known, axis=1, keepdims=True), 1.0)


def _half(b: Tensor, run: Tensor, notation: Notation) -> tuple[Tensor, Tensor]:
    """Does AM, does PM stand behind the hour: [b, 1] each."""
    lower, letter, begins = _letters(b)
    second = _following(lower, 1)
    whole = equal(second, float(ord("m"))) * (1.0 - _following(letter, 2)) + equal(second, float(ord(".")))
    place = begins * whole * at_least(run, float(notation.runs[3]))
    am, pm = (ops.max(place * equal(lower, float(ord(sign))), axis=1, keepdims=True) for sign in "ap")
    return am, pm


def _of_24(hour: Tensor, am: Tensor, pm: Tensor) -> Tensor:
    """The hour of the day: 12 AM is 0, 12 PM is 12."""
    hour = hour - 12.0 * equal(hour, 12.0) * ops.maximum(am, pm)
    return hour + 12.0 * pm * (1.0 - at_least(hour, 12.0))


def _time(b: Tensor, notation: Notation) -> Moment:
    values, run, _ = _run_values(b, notation)
    none, _, _, hour, minute = ops.split(values, 5, axis=1)
    am, pm = _half(b, run, notation)
    colon = ops.max(equal(b, float(ord(":"))) * equal(run, 1.0), axis=1, keepdims=True)
    hour = _of_24(hour, am, pm)
    return Moment(none, none, none, hour, minute, ops.maximum(colon, ops.maximum(am, pm)) * _is_time(hour, minute))


def _pick(index: Tensor, value: Tensor, first: int, count: int) -> Tensor:
    """The values at the places where `index` is first, first + 1, …: [b, W] -> [b, count]; 0 where there is none."""
    wanted = np.arange(first, first + count, dtype="float32")[:, None]  # [count, 1]
    return ops.sum(equal(ops.expand_dims(index, 1), wanted) * ops.expand_dims(value, 1), axis=2)


def _compact(b: Tensor, notation: Notation) -> Moment:
    digit, value, _ = _digits(b)
    rank = ops.cumsum(digit, axis=1)  # 1 at the first digit
    digits = _pick(rank, value, 1, 12)  # [b, 12]
    parts = ops.sum(ops.expand_dims(digits, 1) * COMPACT_PLACES, axis=2)  # [b, 1, 12] x [5, 12] -> [b, 5]
    return _checked(parts, 1000, at_least(rank[:, -1:], 8.0))


def _unix(b: Tensor, notation: Notation) -> Moment:
    """Seconds since 1970 = 10**6 a + b, both exact in float32."""
    digit, value, run = _digits(b)
    inside = digit * equal(run, 1.0)  # not of a fraction
    length = ops.sum(inside, axis=1, keepdims=True)
    place = length - ops.cumsum(inside, axis=1) - float(notation.dropped)  # 0 at the digit of the seconds
    digits = _pick(place, value * inside, 0, 10)  # [b, 10]
    powers = 10.0 ** np.arange(6, dtype="float32")
    low = ops.sum(digits[:, :6] * powers, axis=1, keepdims=True)
    high = ops.sum(digits[:, 6:] * powers[:4], axis=1, keepdims=True)
    # 10**6 s are 11 days and 124 * 400 s, a day has 216 * 400 s
    units = quotient(low, 400)
    rest = 124.0 * high + units
    more = quotient(rest, 216)
    minutes = quotient(400.0 * (rest - 216.0 * more) + low - 400.0 * units, 60)
    hour = quotient(minutes, 60)
    year, month, day = civil(11.0 * high + more + float(EPOCH))
    # digits from the first byte on, and nothing else but a fraction
    others = ops.clip(b, 0.0, 1.0) * (1.0 - digit) * (1.0 - equal(b, float(ord("."))))
    valid = digit[:, :1] * (1.0 - ops.max(others, axis=1, keepdims=True))
    valid = valid * at_least(10.0 + notation.dropped - length, 0.0)
    return Moment(year, month, day, hour, minutes - 60.0 * hour, valid)


def civil(days: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Days since 1 March of the year 0 -> year, month, day (Hinnant 2013, civil_from_days)."""
    era = quotient(days, 146_097)  # 400 years
    of_era = days - 146_097.0 * era
    leaps = quotient(of_era, 1460) - quotient(of_era, 36_524) + quotient(of_era, 146_096)
    year = quotient(of_era - leaps, 365)
    of_year = of_era - 365.0 * year - quotient(year, 4) + quotient(year, 100)
    month = quotient(5.0 * of_year + 2.0, 153)  # 0 is March
    day = of_year - quotient(153.0 * month + 2.0, 5) + 1.0
    late = at_least(month, 10.0)  # January and February
    return year + 400.0 * era + late, month + 3.0 - 12.0 * late, day
