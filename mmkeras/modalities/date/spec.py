"""How a date column is named, described and served, and its adapted state. NumPy alone."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.graph import Input
from mmkeras.modalities.text.spec import as_served, served_name, stack_served

__all__ = ["EXAMPLE", "FLAGS", "NAMES_FILES", "as_served", "describe", "served_name", "stack_served"]

EXAMPLE: Final = "2026-11-26"
FLAGS: Final[tuple[str, ...]] = ()
NAMES_FILES: Final = False

BEFORE_ORDINAL: Final = 305  # days from 1 March of the year 0 to the day before Python's day 1


@dataclass(frozen=True)
class DateState:
    """Mean and standard deviation of the training rows' dates, in days since 1 March of the year 0."""

    mean: float
    deviation: float


def adapt_state(cells: Sequence[str]) -> DateState:
    """Mean and standard deviation of the dates in the cells; 0, 1 if all cells are empty."""
    days = [datetime.date.fromisoformat(cell.strip()[:10]).toordinal() for cell in cells if cell.strip()]
    if not days:
        return DateState(0.0, 1.0)
    return DateState(float(np.mean(days)) + BEFORE_ORDINAL, max(1.0, float(np.std(days))))


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return f"UTF-8: {graph_input.metadata.get('format')}"
