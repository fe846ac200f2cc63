"""Columns that cannot help a prediction: one value in every row, or a name of the row, however it is spelled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from mmkeras.data.columns.kind_guess import TEXT_NAME
from mmkeras.data.columns.name_words import called_id, names_rows
from mmkeras.data.values.cells import one_line, to_floats
from mmkeras.data.values.distinct import Distinct

DIFFERENT: Final = 0.98
"""Share of the filled cells that differ in a column that names the rows: a few rows may be there twice."""
FEWEST: Final = 20
"""So many rows, before the values alone can tell an identifier."""
BY_CHANCE: Final = 12.0
"""Numbers drawn at random from a range R would repeat n² / 2R times in n rows. That many repeats do not fail by chance:
exp(-12) is 6e-6."""
LARGEST_GAP: Final = 20.0
"""Of a running number, in units of the mean gap."""
LARGEST_MEAN_GAP: Final = 10.0
"""Of a running number that its name does not call so: of ten numbers one is left. A table sorted by price has more."""
GROUP_SHARE: Final = 0.05
MOST_OF_A_CATEGORY: Final = 50
SMALL_GROUP: Final = 20
"""Rows of a group, on average, that is likely to be a person or a document rather than a shop or a country."""

# A running number with or without a prefix (17, A-17, row_17), a long hexadecimal number, a UUID.
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z]{0,8}[-_:#]?\d+|(?=.*\d)[0-9a-fA-F]{8,}|[{(]?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}[})]?"
)
# One word with digits, such as SKU-123-XY, ab12cd34 or QmFzZTY0: no name, no measure.
_TOKEN: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_:#.-]{6,64}")
_LONG_TOKEN: Final = re.compile(r"[A-Za-z0-9+/=_-]{16,128}")
_ADDRESS: Final = re.compile(r"(https?://|www\.).*|[\w.-]+\.[A-Za-z]{2,}(/.*)?")
"""An address of the web: its words may tell something."""
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"[+(]?\d[\d ()/+.-]{5,}")
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}( ?[A-Z0-9]{1,4}){3,8}")
_DIGITS: Final = re.compile(r"\d+")


def why_useless(name: str, cells: Distinct, kind: str) -> str:
    """Why a column cannot help a prediction, as the end of a sentence; '' for a column that may.

    cells: '' where missing or odd; numbers in Python's notation.
    """
    filled = cells.filled()
    different, rows = len(filled.texts), len(filled.codes)
    if not different:
        return "every cell is empty or a mark of a missing value"
    if different == 1 and rows == len(cells.codes):
        return f"every row has the same value ({one_line(filled.texts[0])!r})"
    if kind not in ("text", "number", "category"):
        return ""
    if different >= DIFFERENT * rows and _identifies(name, filled.texts, kind):
        return "every row has a different value, so it only names the row"
    if names_rows(name) and different > max(MOST_OF_A_CATEGORY, GROUP_SHARE * rows) and _are_names(filled.texts, kind):
        return (
            f"it has {different:,} different values and is called an identifier, so it names a group of rows; to keep "
            f"the rows of a group together: --group-column {name!r}"
        )
    return ""


def names_groups(name: str, cells: Distinct, kind: str) -> bool:
    """Is a column called an identifier, and does it name small groups of rows, such as the visits of a patient?"""
    filled = cells.filled()
    few_rows = 2 * len(filled.texts) <= len(filled.codes) <= SMALL_GROUP * len(filled.texts)
    return called_id(name) and few_rows and len(filled.texts) >= SMALL_GROUP and _are_names(filled.texts, kind)


def numbers_rows(name: str, cells: Distinct) -> bool:
    """Does a column of numbers, all different, count the rows, by its name or without a gap?"""
    if len(cells.texts) < len(cells.codes):
        return False
    numbers = to_floats(cells.texts)
    whole = bool(np.all(numbers == np.floor(numbers)))  # False where a number is missing
    return whole and bool(numbers.max() - numbers.min() == len(numbers) - 1 or names_rows(name))


def _identifies(name: str, values: Sequence[str], kind: str) -> bool:
    """Do values that (nearly) all differ only name the rows?"""
    if kind == "number":
        return _counts(name, to_floats(values))
    if all(_IDENTIFIER.fullmatch(value) for value in values):
        return True
    if len(values) < FEWEST:
        return names_rows(name) and _are_names(values, kind)
    if all(map(_is_token, values)) and (names_rows(name) or not all(map(_ADDRESS.fullmatch, values))):
        return sum(bool(_TOKEN.fullmatch(value)) for value in values) >= 0.9 * len(values)
    if names_rows(name) and _are_names(values, kind):
        return True
    return not TEXT_NAME.search(name) and _differ_in_a_number(values)


def _is_token(value: str) -> bool:
    return bool(_TOKEN.fullmatch(value) or _LONG_TOKEN.fullmatch(value))


def _differ_in_a_number(values: Sequence[str]) -> bool:
    """Passenger 401, Passenger 402: does nothing but a number differ? In 2023/0401 it may be one of several.

    In sizes such as 24x36, times and positions no single number tells the rows apart.
    """
    first = _DIGITS.sub("0", values[0])
    if len(values[0].split()) > 2 or any(_DIGITS.sub("0", value) != first for value in values):
        return False
    columns = zip(*map(_DIGITS.findall, values), strict=True)
    return any(len(set(column)) == len(values) for column in columns)


def _counts(name: str, numbers: np.ndarray) -> bool:
    """Do numbers that all differ count the rows? Measures may all differ as well, but of a small range would repeat."""
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers) or not np.all(numbers == np.floor(numbers)):
        return False
    reach = float(numbers.max() - numbers.min()) + 1
    if reach <= len(numbers) + 1 or names_rows(name):
        return True
    if len(numbers) < FEWEST:
        return False
    repeats = len(numbers) ** 2 / (2 * reach)
    gaps = np.diff(numbers)  # a table sorted by a measure has some large ones
    running = bool(np.all(gaps > 0) and gaps.max() <= LARGEST_GAP * gaps.mean() and gaps.mean() <= LARGEST_MEAN_GAP)
    return repeats > BY_CHANCE or running


def _are_names(values: Sequence[str], kind: str) -> bool:
    """Are values names of rows or groups: whole numbers, words with digits, addresses of people?"""
    if kind == "number":
        numbers = to_floats(values)
        return bool(np.all(np.isnan(numbers) | (numbers == np.floor(numbers))))
    patterns = (_IDENTIFIER, _TOKEN, _EMAIL, _PHONE, _IBAN, _LONG_TOKEN)
    return all(any(pattern.fullmatch(value) for pattern in patterns) for value in values)
