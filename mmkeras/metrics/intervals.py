"""95% intervals of scores and of differences of scores on the same rows. NumPy alone.

Shares of rows (accuracy, exact texts) have Wilson's interval. Other scores, and all differences, have the percentiles
of 1,000 bootstrap samples of the rows (Efron 1979); two models on the same rows are drawn together, row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.metrics.agreement import decisions

SAMPLES: Final = 1000
PERCENTILES: Final = (2.5, 97.5)
Interval = tuple[float, float]


def wilson(hits: float, rows: int) -> Interval:
    """The 95% confidence interval of the share `hits` / `rows` (Wilson 1927)."""
    if not rows:
        return 0.0, 1.0
    z, share = 1.96, hits / rows
    centre, half_width = share + z * z / (2 * rows), z * (share * (1 - share) / rows + (z / (2 * rows)) ** 2) ** 0.5
    return max(0.0, (centre - half_width) / (1 + z * z / rows)), min(1.0, (centre + half_width) / (1 + z * z / rows))


@dataclass(frozen=True)
class RowStatistics:
    """What a score is made of. rows: float64 [n, k], of each row; score: their sums, float [samples, k], and the number
    of rows -> float [samples]; share: the score is the share of the rows whose only statistic is 1.
    """

    rows: np.ndarray
    score: Callable[[np.ndarray, int], np.ndarray]
    share: bool = False


def bootstrap(rows: int) -> np.ndarray:
    """How often each row is in each sample: float64 [SAMPLES, rows]; the same for the same number of rows."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, max(rows, 1), (SAMPLES, rows)) + np.arange(SAMPLES)[:, None] * rows
    return np.bincount(drawn.reshape(-1), minlength=SAMPLES * rows).reshape(SAMPLES, rows).astype("float64")


def interval(statistics: RowStatistics, samples: np.ndarray) -> Interval:
    """The 95% interval of a score. samples: of `bootstrap`."""
    if statistics.share:
        return wilson(float(statistics.rows.sum()), len(statistics.rows))
    return _percentiles(_scores(statistics, samples))


def change_interval(statistics: RowStatistics, reference: RowStatistics, samples: np.ndarray) -> Interval:
    """The 95% interval of a score less that of the reference, on the same rows."""
    return _percentiles(_scores(statistics, samples) - _scores(reference, samples))


def _scores(statistics: RowStatistics, samples: np.ndarray) -> np.ndarray:
    return statistics.score(samples @ statistics.rows, len(statistics.rows))


def _percentiles(scores: np.ndarray) -> Interval:
    low, high = np.percentile(scores, PERCENTILES)
    return float(low), float(high)


def row_statistics(task: str, truth: np.ndarray, predictions: np.ndarray) -> RowStatistics:
    """Of the score of a task: accuracy, micro-F1, or the mean R² of the targets. Arguments: of `agreement.evaluate`."""
    kind = TARGET_KINDS[task]
    if kind == "category":
        return share_of(decisions(task, predictions) == truth)
    if kind == "labels":
        predicted, positive = decisions(task, predictions), truth == 1
        rows = np.stack([(predicted & positive).sum(1), predicted.sum(1) + positive.sum(1)], axis=1)
        return RowStatistics(rows.astype("float64"), lambda sums, n: 2 * sums[:, 0] / np.maximum(sums[:, 1], 1))
    truth, predictions = truth.astype("float64"), predictions.astype("float64")
    centred = truth - truth.mean(axis=0)
    return RowStatistics(np.concatenate([(predictions - truth) ** 2, centred, centred**2], axis=1), _mean_r2)


def share_of(right: np.ndarray) -> RowStatistics:
    """The share of the rows that are right, bool [n]."""
    return RowStatistics(right.astype("float64")[:, None], lambda sums, n: sums[:, 0] / max(n, 1), share=True)


def _mean_r2(sums: np.ndarray, rows: int) -> np.ndarray:
    """Sums of squared errors, centred truths and their squares, [samples, 3 targets] -> [samples]."""
    errors, truths, squares = np.split(sums, 3, axis=1)
    total = squares - truths**2 / max(rows, 1)
    return np.where(total > 0, 1 - errors / np.where(total > 0, total, 1), errors == 0).mean(axis=1)
