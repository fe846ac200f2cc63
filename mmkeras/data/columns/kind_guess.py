"""How a column is read: its kind, the notation of its numbers or dates, and its missing marks; what is odd about it.

A column is what nearly all its cells are: cells that are not count as missing, and are told.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mmkeras.config.data import Data
from mmkeras.data.columns.kinds import SUFFIXES
from mmkeras.data.columns.name_words import called_id
from mmkeras.data.dates.calendar import find_date_notation, notation_of, read_date
from mmkeras.data.values.cells import one_line
from mmkeras.data.values.distinct import Distinct
from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.number_guess import ODD_ALLOWED, NumberReading, evenly, find_numbers, read_numbers
from mmkeras.data.values.numbers import parse_notation, parts_of
from mmkeras.data.values.outliers import outliers
from mmkeras.data.values.sentinels import find_sentinels
from mmkeras.errors import InputError

MOST_CATEGORIES: Final = 1000
LONGEST_CATEGORY: Final = 64
WORDS_OF_TEXT: Final = 2.5
"""Cells with more words on average are texts, however often they repeat."""
ODD_IF_NAMED: Final = 0.5
"""Largest share of cells that are no numbers in a column that a flag names as numbers."""
FIRST_LOOK: Final = 50
LOOK: Final = 400
"""Values that are looked at, evenly spaced, before all of them."""
_WITHOUT_SPACES: Final = {
    re.compile("[\u4e00-\u9fff]"): 2.5,  # Chinese
    re.compile("[\u3040-\u30ff\u0e00-\u0eff\u1780-\u17ff]"): 5,  # Japanese kana, Thai, Lao, Khmer
}
"""Characters of scripts without spaces between words -> the length of a word."""
TEXT_NAME: Final = re.compile(
    r"(^|[^a-z])(text|texts|sentence|question|query|utterance|message|comment|review|tweet|post|description|body|title|"
    r"headline|summary|abstract|caption|content|prompt|answer|note|notes)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Reading:
    """How a column's cells are read. odd: cell -> number of rows, of the cells that do not fit and count as missing.

    sentinels: numbers that stand for a missing one, as the cells spell them. doubtful: why the notation may be another
    one, as the end of a sentence; remedy: the flag that changes it. values: marks of missing values that are values.
    far: numbers so far from all others that they do not set the scale.
    """

    kind: str
    notation: str = ""
    odd: dict[str, int] = field(default_factory=dict)
    sentinels: tuple[str, ...] = ()
    doubtful: str = ""
    remedy: str = "--notation"
    values: tuple[str, ...] = ()
    far: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """The different cells of a column without missing ones, stripped, and int64 [n], the rows of each."""

    texts: list[str]
    rows: np.ndarray

    @classmethod
    def of(cls, cells: Distinct, data: Data, kind: str) -> Values:
        """The values of a column that is read as a kind."""
        missing = are_missing(cells.texts, marks_of(data.missing, data.not_missing, kind), kind)
        if not missing.any():
            return cls(cells.texts, cells.rows)
        kept = [text for text, is_absent in zip(cells.texts, missing, strict=True) if not is_absent]
        return cls(kept, cells.rows[~missing])

    def odd(self, is_odd: Sequence[bool] | np.ndarray) -> dict[str, int]:
        """The odd ones of the values, the most frequent first."""
        where = np.flatnonzero(np.asarray(is_odd, dtype=bool))
        where = where[np.argsort(-self.rows[where], kind="stable")]
        return {self.texts[i]: int(self.rows[i]) for i in where}

    def fits(self, is_odd: Sequence[bool] | np.ndarray) -> bool:
        """Are at most ODD_ALLOWED of the rows odd?"""
        return bool(self.rows[np.asarray(is_odd, dtype=bool)].sum() <= ODD_ALLOWED * self.rows.sum())


def guess_reading(name: str, cells: Distinct, data: Data, decimal: str = "") -> Reading:
    """The reading of a column that no flag names. decimal: of the other columns' numbers, see `find_numbers`.

    Cells without a value do not count; a column without any value is text.
    """
    values = Values.of(cells, data, "number")
    if not values.texts:
        return Reading("text")
    look = evenly(len(values.texts), LOOK)
    for kind in SUFFIXES:
        if not any(is_media(values.texts[i], kind) for i in evenly(len(values.texts), FIRST_LOOK)):
            continue
        is_odd = [not is_media(text, kind) for text in values.texts]
        if values.fits(is_odd):
            return Reading(kind, odd=values.odd(is_odd))
    if any(character.isdigit() for i in look for character in values.texts[i][:64]):
        dates = read_dates(name, values, data)
        if dates and sum(dates.odd.values()) <= ODD_ALLOWED * values.rows.sum():
            return dates
        numbers = read_number_column(name, values, data, decimal)
        if numbers:
            return _codes(name, numbers, values)
    given = notations_given(data).get(name)
    if given is not None:
        raise InputError(
            f"--notation {name}={given}: more than {ODD_ALLOWED:.0%} of the cells are not written so, such as "
            f"{values.texts[0][:40]!r} or {values.texts[-1][:40]!r}. Give another notation, or leave the flag out."
        )
    values = Values.of(cells, data, "category")
    kept = ("-",) if {"+", "-"} <= {*cells.texts[:MOST_CATEGORIES]} else ()  # a test's result, not a missing one
    if _are_categories(name, values):
        return Reading("category", values=kept)
    return Reading("text", values=kept, doubtful=_mostly_numbers(values), remedy=f"--number {name!r}")


def _mostly_numbers(values: Values) -> str:
    """What speaks for numbers in a column of texts, such as one of measurements of which many are `<3`."""
    look = evenly(len(values.texts), LOOK)
    odd = [i for i in look.tolist() if parts_of(values.texts[i]) is None]
    share = 1 - values.rows[odd].sum() / max(1, values.rows[look].sum())
    if not odd or share <= ODD_IF_NAMED:
        return ""
    return f"{share:.0%} of its cells are numbers, others such as {one_line(values.texts[odd[0]])!r} are none"


def _codes(name: str, numbers: Reading, values: Values) -> Reading:
    """Numbers that are names, as categories: 02139 beside 10001, the shop's 7 in `store_id`."""
    begin_with_zero = [text for text in values.texts if text[0] == "0" and len(text) > 1 and text.isdecimal()]
    is_code = bool(begin_with_zero) and all(text.isdecimal() for text in values.texts)
    is_id = called_id(name) and all(text.removesuffix(".0").isdecimal() for text in values.texts)
    if (is_code or is_id) and _are_categories(name, values) and len(values.texts) > 1:
        return Reading("category")
    if not is_code:
        return numbers
    doubt = f"some begin with 0, such as {begin_with_zero[0]!r}, as codes do"
    return dataclasses.replace(numbers, doubtful=doubt, remedy=f"--category {name!r}")


def read_as(name: str, cells: Distinct, kind: str, data: Data, what: str, decimal: str = "") -> Reading:
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
    numbers = reading.numbers()
    known = ~np.isnan(numbers)
    sentinels = find_sentinels(np.repeat(numbers[known], values.rows[known]))
    spelled = [values.texts[i] for i in np.flatnonzero(np.isin(numbers, sentinels))] if sentinels else []
    kept = tuple(text for text in spelled if text not in data.not_missing)
    used = known & ~np.isin(numbers, sentinels)
    is_far = outliers(np.repeat(numbers[used], values.rows[used]))
    far = np.unique(np.repeat(np.flatnonzero(used), values.rows[used])[is_far])
    return Reading(
        *("number", reading.notation, values.odd(reading.odd), kept),
        doubtful=reading.doubtful if given is None else "",
        far=tuple(values.texts[i] for i in far),
    )


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
    if not values.texts or len(values.texts) > min(MOST_CATEGORIES, max(1, 0.2 * values.rows.sum())):
        return False
    if max(map(len, values.texts)) > LONGEST_CATEGORY:
        return False
    words = _words(values.texts)
    return words <= WORDS_OF_TEXT and not (words > 1.5 and TEXT_NAME.search(name))


def _words(texts: Iterable[str]) -> float:
    """Mean number of words of the texts; `10 - 19` has none. Without spaces, by the usual length of a word."""
    return float(np.mean([_count_words(text) for text in texts]))


def _count_words(text: str) -> float:
    words: float = len(text.split())
    if text.isascii():
        return sum(any(map(str.isalpha, word)) for word in text.split()) if words > 1 else words
    for script, length in _WITHOUT_SPACES.items():
        words += len(script.findall(text)) / length
    return words
