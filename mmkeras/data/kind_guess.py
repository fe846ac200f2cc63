"""How a column is read: its kind, the notation of its numbers or dates, and its missing marks; what is odd about it.

A column is what nearly all its cells are: cells that are not count as missing, and are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Data
from mmkeras.data.dates import find_date_notation, notation_of, read_date
from mmkeras.data.kinds import SUFFIXES
from mmkeras.data.missing import is_missing, marks_of
from mmkeras.data.number_guess import ODD_ALLOWED, NumberReading, find_numbers, read_numbers
from mmkeras.data.numbers import parse_notation
from mmkeras.data.sentinels import find_sentinels
from mmkeras.errors import InputError

MOST_CATEGORIES: Final = 1000
LONGEST_CATEGORY: Final = 64
WORDS_OF_TEXT: Final = 2.5
"""Cells with more words on average are texts, however often they repeat."""
ODD_IF_NAMED: Final = 0.5
"""Largest share of cells that are no numbers in a column that a flag names as numbers."""
TEXT_NAME: Final = re.compile(
    r"(^|[^a-z])(text|texts|sentence|question|query|utterance|message|comment|review|tweet|post|description|body|title|"
    r"headline|summary|abstract|caption|content|prompt|answer|note|notes)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """How a column's cells are read. odd: cell -> number of rows, of the cells that do not fit and count as missing.

    sentinels: numbers that stand for a missing one, as the cells spell them. doubtful: why the notation may be another
    one, as the end of a sentence.
    """

    kind: str
    notation: str = ""
    odd: dict[str, int] = field(default_factory=dict)
    sentinels: tuple[str, ...] = ()
    doubtful: str = ""


@dataclass(frozen=True)
class Values:
    """The different cells of a column without missing ones, stripped, and int64 [n], the rows of each."""

    texts: list[str]
    rows: np.ndarray

    @classmethod
    def of(cls, cells: pd.Series, data: Data, kind: str) -> Values:
        """The values of a column that is read as a kind."""
        marks = marks_of(data.missing, data.not_missing, kind)
        counts = cells[~is_missing(cells, marks, kind)].str.strip().value_counts(sort=False)
        return cls([str(text) for text in counts.index], counts.to_numpy(dtype=np.int64))

    def odd(self, is_odd: Sequence[bool] | np.ndarray) -> dict[str, int]:
        """The odd ones of the values, the most frequent first."""
        where = np.flatnonzero(np.asarray(is_odd, dtype=bool))
        where = where[np.argsort(-self.rows[where], kind="stable")]
        return {self.texts[i]: int(self.rows[i]) for i in where}

    def fits(self, is_odd: Sequence[bool] | np.ndarray) -> bool:
        """Are at most ODD_ALLOWED of the rows odd?"""
        return bool(self.rows[np.asarray(is_odd, dtype=bool)].sum() <= ODD_ALLOWED * self.rows.sum())


def guess_reading(name: str, cells: pd.Series, data: Data, decimal: str = "") -> Reading:
    """The reading of a column that no flag names. decimal: of the other columns' numbers, see `find_numbers`.

    Cells without a value do not count; a column without any value is text.
    """
    values = Values.of(cells, data, "number")
    if not values.texts:
        return Reading("text")
    for kind in SUFFIXES:
        is_odd = [not is_media(text, kind) for text in values.texts]
        if values.fits(is_odd):
            return Reading(kind, odd=values.odd(is_odd))
    if any(character.isdigit() for text in values.texts[:100] for character in text[:64]):
        dates = read_dates(name, values, data)
        if dates and values.fits([text in dates.odd for text in values.texts]):
            return dates
        numbers = read_number_column(name, values, data, decimal)
        if numbers:
            return numbers
    given = notations_given(data).get(name)
    if given is not None:
        raise InputError(
            f"--notation {name}={given}: more than {ODD_ALLOWED:.0%} of the cells are not written so, such as "
            f"{values.texts[0][:40]!r} or {values.texts[-1][:40]!r}. Give another notation, or leave the flag out."
        )
    values = Values.of(cells, data, "category")
    return Reading("category" if _are_categories(name, values) else "text")


def read_as(name: str, cells: pd.Series, kind: str, data: Data, what: str, decimal: str = "") -> Reading:
    """The reading of a column that a flag names as a kind. what: begins an error, such as `file: --number x`.

    Raises InputError where most cells are not of the kind.
    """
    if kind not in ("number", "date"):
        return Reading(kind)
    values = Values.of(cells, data, kind)
    if not values.texts:
        return Reading(kind)
    if kind == "date":
        reading = read_dates(name, values, data)
    else:
        reading = read_number_column(name, values, data, decimal, odd_allowed=ODD_IF_NAMED)
    if reading is None:
        example = " ".join(values.texts[0][:40].split())
        raise InputError(
            f"{what}: expected {kind}s, but most cells are none, such as {example!r}. Leave the flag out, or say how "
            f"they are written: --notation {name}=…"
        )
    return reading


def read_dates(name: str, values: Values, data: Data) -> Reading | None:
    """The reading of a column as dates; None where its values are none."""
    given = notations_given(data).get(name)
    if given is not None:
        if not is_date_notation(given):
            return None
        notation = notation_of(given).name
        is_odd = [read_date(text, notation) is None for text in values.texts]
        return None if all(is_odd) else Reading("date", notation, values.odd(is_odd))
    reading = find_date_notation(values.texts, name)
    if reading is None:
        return None
    return Reading("date", reading.notation, values.odd(reading.odd), doubtful=reading.doubtful)


def read_number_column(
    name: str, values: Values, data: Data, decimal: str = "", odd_allowed: float = ODD_ALLOWED
) -> Reading | None:
    """The reading of a column as numbers; None where more than `odd_allowed` of its cells are none."""
    given = notations_given(data).get(name)
    if given is not None and is_date_notation(given):
        return None
    if given is not None:
        reading: NumberReading | None = read_numbers(values.texts, parse_notation(given, name))
    else:
        reading = find_numbers(values.texts, decimal, values.rows, odd_allowed)
    if reading is None or reading.odd.all():
        return None
    numbers = np.repeat(np.array([float(n or "nan") for n in reading.plain]), values.rows)
    sentinels = find_sentinels(numbers[~np.isnan(numbers)])
    spelled = tuple(text for text, n in zip(values.texts, reading.plain, strict=True) if n and float(n) in sentinels)
    kept = tuple(text for text in spelled if text not in data.not_missing)
    return Reading("number", reading.notation, values.odd(reading.odd), kept, reading.doubtful if given is None else "")


def is_date_notation(text: str) -> bool:
    """Does a text name a notation of dates, such as `DD.MM.YYYY`? Else it may show one of numbers."""
    try:
        notation_of(text)
    except InputError:
        return False
    return True


def notations_given(data: Data) -> dict[str, str]:
    """Column -> notation, as --notation has them."""
    pairs = (pair.partition("=") for pair in data.notation)
    return {name: notation for name, _, notation in pairs}


def is_media(cell: str, kind: str) -> bool:
    """Is a cell the path of a file of a kind, such as a picture, or a data URI of one?"""
    if cell[:11].lower().startswith(f"data:{kind}/"):
        return True
    return len(cell) < 1024 and cell.lower().endswith(SUFFIXES[kind])


def _are_categories(name: str, values: Values) -> bool:
    """Do values repeat, five times each on average, and are they short, rather than sentences?"""
    if len(values.texts) > min(MOST_CATEGORIES, 0.2 * values.rows.sum()) or not values.texts:
        return False
    if max(map(len, values.texts)) > LONGEST_CATEGORY:
        return False
    words = _words(values.texts)
    return words <= WORDS_OF_TEXT and not (words > 1.5 and TEXT_NAME.search(name))


def _words(texts: Iterable[str]) -> float:
    """Mean number of words of the texts."""
    return float(np.mean([len(text.split()) for text in texts]))
