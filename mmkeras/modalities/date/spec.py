"""How a date column is named, described and served, and its adapted state. NumPy alone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.data.dates.calendar import ISO, notation_of, reader
from mmkeras.data.values.outliers import outliers
from mmkeras.data.values.sentinels import find_sentinels
from mmkeras.graph import Input
from mmkeras.modalities.text.spec import as_served, served_name, stack_served

__all__ = ["EXAMPLE", "FLAGS", "NAMES_FILES", "PREPARED", "as_served", "describe", "served_name", "stack_served"]

EXAMPLE: Final = "2026-11-26"
FLAGS: Final[tuple[str, ...]] = ()
PREPARED: Final = "float32 [b, 14], the calendar features of a date (of n columns as one input: [b, n, 14])"
NAMES_FILES: Final = False

BEFORE_ORDINAL: Final = 305  # days from 1 March of the year 0 to the day before Python's day 1


@dataclass(frozen=True)
class DateState:
    """Mean and standard deviation of the training rows' dates, in days since 1 March of the year 0.

    Of a column of times of day: in days since midnight.
    """

    mean: float
    deviation: float


def adapt_state(cells: Sequence[str], notation: str = ISO) -> DateState:
    """Mean and standard deviation of the dates in the cells; 0, 1 if all cells are empty.

    Without dates far beyond all others, such as 9999-12-31 for `never`: `data.values.outliers`, `sentinels`.
    """
    read = reader(notation)
    distinct = {cell: read(cell) for cell in {cell.strip() for cell in cells} - {""}}
    dates = [date for cell in cells if (date := distinct.get(cell.strip()))]
    if not dates:
        return DateState(0.0, 1.0)
    if notation_of(notation).style == "time":
        minutes = np.array([60 * int(time[:2]) + int(time[3:]) for time in dates], "float64")
        return DateState(float(minutes.mean()) / 1440, max(1.0, float(minutes.std())) / 1440)
    days = np.array([datetime.date.fromisoformat(date[:10]).toordinal() for date in dates], "float64")
    days = days[~outliers(days) & ~np.isin(days, find_sentinels(days))]
    return DateState(float(np.mean(days)) + BEFORE_ORDINAL, max(1.0, float(np.std(days))))


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return f"UTF-8: {graph_input.metadata.get('format')}"
