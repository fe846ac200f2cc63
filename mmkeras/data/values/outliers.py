"""Numbers so far from all others that they would set the scale of a column alone: 1e9 among temperatures."""

from __future__ import annotations

from typing import Final

import numpy as np

FEWEST: Final = 20
"""A column needs so many numbers before one of them can be an outlier."""
FAR: Final = 20.0
"""Least distance from the middle 95 % of the numbers, in units of their range. Prices and incomes reach 10."""


def outliers(numbers: np.ndarray) -> np.ndarray:
    """Bool [n]: the outliers among float64 [n] numbers, NaN where one is missing. At most 2.5 % at either end."""
    known = numbers[~np.isnan(numbers)]
    if len(known) < FEWEST:
        return np.zeros(len(numbers), dtype=bool)
    low = np.percentile(known, 2.5, method="higher")  # numbers of the column: between 0 and 1 there is none
    high = np.percentile(known, 97.5, method="lower")
    spread = high - low
    if not spread > 0 or not np.isfinite(spread):
        return np.zeros(len(numbers), dtype=bool)
    with np.errstate(invalid="ignore", over="ignore"):
        return np.asarray((numbers < low - FAR * spread) | (numbers > high + FAR * spread))


def winsorised(numbers: np.ndarray) -> np.ndarray:
    """float [n, columns]: each outlier of a column replaced by the nearest number that is none."""
    columns = []
    for column in numbers.T:
        inside = column[~outliers(column) & ~np.isnan(column)]
        columns.append(np.clip(column, inside.min(), inside.max()) if len(inside) else column)
    return np.stack(columns, axis=1) if columns else numbers  # columns * [n] -> [n, columns]
