"""The format of a date, ISO 8601, shared by tables, graphs and clients."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DATE_FORMAT = "YYYY-MM-DD, or YYYY-MM-DD HH:MM; what stands behind is not read"
NO_DATE = "expected a date such as 2026-11-26 or 2026-11-26 14:30, received {!r}"
DATE_BYTES = 16  # of YYYY-MM-DD HH:MM
MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "?")
"""Cells that stand for a missing number or date (compared without case). In text columns they are ordinary words."""
DATE_PATTERN = (  # valid in Python and in RE2
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATE = re.compile(DATE_PATTERN)


def is_date(cell: str) -> bool:
    """Is the cell a day of the calendar in ISO 8601, with or without a time?"""
    cell = cell.strip()
    if not _DATE.fullmatch(cell):
        return False
    try:
        datetime.date.fromisoformat(cell[:10])
    except ValueError:
        return False
    return True


ISO = "YYYY-MM-DD"


@dataclass(frozen=True)
class DateReading:
    """How a column's cells read as dates. odd: bool [n]; doubtful: why the notation may be another one."""

    notation: str
    odd: np.ndarray
    doubtful: str = ""


def find_date_notation(values: Sequence[str], name: str = "") -> DateReading | None:
    """The notation that reads nearly all values."""
    odd = np.array([not is_date(value) for value in values])
    return DateReading(ISO, odd) if odd.mean() <= 0.05 else None


def read_date(cell: str, notation: str) -> str | None:
    """A date in ISO 8601."""
    return cell.strip()[:16] if is_date(cell) else None


def check_notation(notation: str) -> None:
    """Raise InputError for an unknown notation."""
