"""Cells of numbers and dates -> what a graph takes, by NumPy alone: clients have nothing else. (Bytes: text.cells.)"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np

DATE_FORMAT = "YYYY-MM-DD, or YYYY-MM-DD HH:MM; what stands behind is not read"
NO_DATE = "expected a date such as 2026-11-26 or 2026-11-26 14:30, received {!r}"
DATE_BYTES = 16  # of YYYY-MM-DD HH:MM
MISSING = ("", "na", "n/a", "nan", "null", "none", "-", "?")
"""What people write where a number or a date is missing (compared without case). In text they are words like others."""
DATE_PATTERN = (  # as Python and RE2 know it alike
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_DATE = re.compile(DATE_PATTERN)


def read_numbers(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cells, empty or a finite number -> values and presence, float32 [n, 1] each, 0.0 where nothing is."""
    there = [bool(cell.strip()) for cell in cells]
    values = [float(cell) if present else 0.0 for cell, present in zip(cells, there, strict=True)]
    return np.array([values], "float32").T, np.array([there], "float32").T  # [1, n] -> [n, 1]


def is_date(cell: str) -> bool:
    """Is it a day of the calendar as ISO 8601 writes it, with a time behind it or none?"""
    cell = cell.strip()
    if not _DATE.fullmatch(cell):
        return False
    try:
        datetime.date.fromisoformat(cell[:10])
    except ValueError:
        return False
    return True
