"""Intervals of figures: the bootstrap over rows, Wilson's interval of a share, and McNemar's test of two models."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

RESAMPLES: Final = 1000
SEED: Final = 0
Z: Final = 1.959963984540054
"""Of the two-sided 95 %."""

Value = Callable[[np.ndarray], float]
"""How often each row counts, float [n] -> the figure. Ones give the figure of the rows as they are."""


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """A figure less that of the first model on the same rows: its 95 % interval, and the p of no difference."""

    value: float
    low: float
    high: float
    p: float


def resamples(n: int, count: int = RESAMPLES, seed: int = SEED) -> Iterator[np.ndarray]:
    """How often each of n rows is drawn, float [n], in each of `count` samples of n rows with replacement.

    The same draws for every model: differences are paired (Efron & Tibshirani 1993, chapter 13).
    """
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield np.bincount(random.integers(n, size=n), minlength=n).astype("float64")


def drawn(values: Sequence[Value], n: int) -> np.ndarray:
    """Float [figures, resamples]: each figure on each sample of the n rows."""
    return np.array([[value(weights) for value in values] for weights in resamples(n)], "float64").T


def percentile_interval(value: float, samples: np.ndarray) -> Interval:
    """The 2.5th and the 97.5th percentile of a figure's samples."""
    low, high = np.percentile(samples, [2.5, 97.5])
    return Interval(value, float(low), float(high))


def wilson(share: float, n: int) -> Interval:
    """The 95 % interval of a share of n rows (Wilson 1927): unlike the bootstrap's, not empty where all are right."""
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def paired_difference(value: float, samples: np.ndarray) -> Difference:
    """A difference's percentile interval; p: twice the smaller share of samples on either side of no difference."""
    low, high = np.percentile(samples, [2.5, 97.5])
    side = min((samples <= 0).mean(), (samples >= 0).mean())
    return Difference(value, float(low), float(high), min(1.0, 2 * max(float(side), 1 / (len(samples) + 1))))


def mcnemar(right: np.ndarray, first_right: np.ndarray) -> float:
    """p of the exact test of McNemar (1947): of the rows that one model alone has right, is either model's share half?

    right, first_right: bool [n].
    """
    won, lost = int((right & ~first_right).sum()), int((first_right & ~right).sum())
    n, fewer = won + lost, min(won, lost)
    if not n:
        return 1.0
    ways = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(fewer + 1))
    return min(1.0, 2 * sum(math.exp(log - n * math.log(2)) for log in ways))
