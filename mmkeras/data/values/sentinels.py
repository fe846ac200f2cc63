"""Numbers that stand for a missing one, such as -9999: far from all others, and repeated."""

from __future__ import annotations

import re
from typing import Final

import numpy as np

FEWEST: Final = 20
"""A column needs so many numbers before one of them can look foreign."""
FAR: Final = 10.0
"""Least distance from the other numbers, in units of their range from the 1st to the 99th percentile."""
FAR_NINES: Final = 1.0
"""The same for 99, -999, … and others that look like a code."""
LARGEST_SHARE: Final = 0.5
MOSTLY_ONE: Final = 0.5
"""Share of the smallest number in a column that is nothing in most rows, such as a capital gain."""
MOST: Final = 3
_NINES: Final = re.compile(r"-?(9{2,}|8{3,}|7{3,})|-1")


def find_sentinels(numbers: np.ndarray, least: int = 2) -> list[float]:
    """The sentinels of a column. numbers: float64 [n], finite. least: rows that a sentinel has at least."""
    sentinels: list[float] = []
    while len(sentinels) < MOST and len(numbers) >= FEWEST:
        values, rows = np.unique(numbers, return_counts=True)
        ends = [k for k in (0, len(values) - 1) if least <= rows[k] <= LARGEST_SHARE * len(numbers)]
        foreign = [float(values[k]) for k in ends if len(values) > 3 and _is_foreign(float(values[k]), numbers)]
        if not foreign:
            break
        sentinels.append(foreign[0])
        numbers = numbers[numbers != foreign[0]]
    return sentinels


def _is_foreign(value: float, numbers: np.ndarray) -> bool:
    """Is a value far from all others, for its spelling?"""
    others = numbers[numbers != value]
    low, high = np.percentile(others, [1, 99])
    nearest = float(np.min(np.abs(others - value)))
    spread = float(high - low) or max(1e-9, float(np.abs(others).max()) * 1e-3)
    is_code = value == np.floor(value) and _NINES.fullmatch(f"{value:.0f}") is not None
    if is_code and value == -1:
        # -1 stands for nothing among counts, ages and prices, not among differences or small measurements
        return bool(others.min() >= 0 and np.all(others == np.floor(others)) and others.min() > 1)
    # of a column of zeros and a few large numbers, 99999 may be the largest number that a form takes
    skewed = np.mean(others == others.min()) >= MOSTLY_ONE
    return nearest > (FAR_NINES if is_code and not skewed else FAR) * spread
