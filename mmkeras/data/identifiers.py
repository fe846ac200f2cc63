"""Columns that cannot help a prediction: one value in every row, or a name of the row, however it is spelled."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.cells import to_floats
from mmkeras.data.kind_guess import TEXT_NAME

DIFFERENT: Final = 0.98
"""Share of the filled cells that differ in a column that names the rows: a few rows may be there twice."""
FEWEST: Final = 20
"""So many rows, before the values alone can tell an identifier."""
BY_CHANCE: Final = 12.0
"""Numbers drawn at random from a range R would repeat n² / 2R times in n rows. That many repeats do not fail by chance:
exp(-12) is 6e-6."""
LARGEST_GAP: Final = 20.0
"""Of a running number, in units of the mean gap."""
GROUP_SHARE: Final = 0.05
MOST_OF_A_CATEGORY: Final = 50

# A running number with or without a prefix (17, A-17, row_17), a long hexadecimal number, a UUID.
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z]{0,8}[-_:#]?\d+|(?=.*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
# One word with digits, such as SKU-123-XY, ab12cd34 or QmFzZTY0: no name, no measure.
_TOKEN: Final = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_:#.-]{6,64}")
_DIGITS: Final = re.compile(r"\d+")
_WORD: Final = re.compile(r"[A-ZÄÖÜ]?[a-zäöüß]+|[A-ZÄÖÜ]+(?![a-zäöüß])|\d+|#")
_NAMES: Final = frozenset(
    (
        *("id", "ids", "uuid", "guid", "idx", "index", "key", "no", "nr", "num", "number", "row", "rowid", "nummer"),
        *("hash", "md5", "sha", "sha1", "sha256", "pk", "oid", "serial", "barcode", "ean", "isbn", "ssn", "#", "ref"),
        *("identifier", "reference", "recordid", "numero", "kennung", "rowname", "rownames"),
    )
)
# one word in lower case: patientid, customerno, kundennummer; not paid, valid, humid, casino
_JOINED: Final = re.compile(
    r"(patient|customer|client|user|member|account|order|invoice|product|item|article|case|record|row|person|people|"
    r"employee|student|subject|sample|session|transaction|trans|event|document|doc|image|img|photo|file|video|tweet|post|"
    r"review|comment|message|msg|ticket|station|sensor|device|visit|encounter|claim|policy|loan|listing|property|house|"
    r"passenger|player|movie|song|track|book|paper|contract|kunden|auftrags|rechnungs|artikel|patienten|vertrags|bestell)"
    r"(id|ids|no|nr|num|number|nummer|key|index|idx|uuid|ref)"
)


def names_rows(name: str) -> bool:
    """Is a column called an identifier: `id`, `PatientId`, `customer_number`, `caseNo`, `Order #`, `Unnamed: 0`?"""
    words = [word.lower() for word in _WORD.findall(name)]
    while len(words) > 1 and words[-1].isdigit():
        words.pop()
    if not words:
        return True  # no letter at all
    last = words[-1]
    return words[0] == "unnamed" or last in _NAMES or last.endswith("nummer") or bool(_JOINED.fullmatch(last))


def why_useless(name: str, cells: pd.Series, kind: str) -> str:
    """Why a column cannot help a prediction, as the end of a sentence; '' for a column that may."""
    values = cells.str.strip()
    filled = values[values != ""]
    different = filled.nunique()
    if different <= 1 and (len(filled) == len(cells) or not len(filled)):
        value = " ".join(cells.iloc[0][:40].split())
        return f"every row has the same value ({value!r})"
    if kind not in ("text", "number", "category"):
        return ""
    if len(filled) and different >= DIFFERENT * len(filled) and _identifies(name, filled, kind):
        return "every row has a different value, so it only names the row"
    if names_rows(name) and different > max(MOST_OF_A_CATEGORY, GROUP_SHARE * len(filled)) and _are_names(filled, kind):
        return (
            f"it has {different:,} different values and is called an identifier, so it names a group of rows; to keep "
            f"the rows of a group together: --group-column {name!r}"
        )
    return ""


def numbers_rows(name: str, cells: pd.Series) -> bool:
    """Does a column of numbers, all different, count the rows, by its name or without a gap?"""
    numbers = to_floats(cells)
    whole = bool(np.all(numbers == np.floor(numbers)))  # False where a number is missing
    gapless = whole and numbers.max() - numbers.min() == len(numbers) - 1
    return bool(cells.nunique() == len(cells) and (gapless or (whole and names_rows(name))))


def _identifies(name: str, values: pd.Series, kind: str) -> bool:
    """Does a column whose values (nearly) all differ only name the rows?"""
    if kind == "number":
        return _counts(name, to_floats(values))
    if all(_IDENTIFIER.fullmatch(value) for value in values):
        return True
    if len(values) < FEWEST:
        return names_rows(name) and _are_names(values, kind)
    if all(_TOKEN.fullmatch(value) for value in values):
        return True
    if TEXT_NAME.search(name):
        return False
    # Passenger 401, Passenger 402: nothing but the number differs
    return len(values.iloc[0].split()) <= 2 and values.map(lambda value: _DIGITS.sub("0", value)).nunique() == 1


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
    running = bool(np.all(gaps > 0) and gaps.max() <= LARGEST_GAP * gaps.mean())
    return repeats > BY_CHANCE or running


def _are_names(values: pd.Series, kind: str) -> bool:
    """Are values names of rows or groups: whole numbers, or words with digits?"""
    if kind == "number":
        numbers = to_floats(values)
        return bool(np.all(np.isnan(numbers) | (numbers == np.floor(numbers))))
    distinct = values.unique()
    return all(_IDENTIFIER.fullmatch(value) or _TOKEN.fullmatch(value) for value in distinct)
