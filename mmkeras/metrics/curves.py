"""Curves of probabilities: precision by recall, and accuracy of the most confident share of the rows. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmkeras.metrics.predictions import average_precision

POINTS: Final = 200
"""Largest number of points of a curve, evenly spaced over its thresholds: more cannot be told apart in a plot."""
CURVES: Final = 10
"""Largest number of classes that have a curve each; with more, the curve of all together has to do."""
ENTRIES: Final = 2_000_000
"""Largest number of probabilities that the curve of all together is made of: evenly spaced rows, if there are more."""
LEVELS: Final = (0.9, 0.95, 0.99)
"""Accuracies whose coverage is told."""


def precision_recall(truth: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """The average precision of each class or label, its mean, and the curves of precision by recall.

    truth: classes int [n], or labels 0 or 1 [n, labels]; probabilities: float [n, labels]. `micro`: all labels of all
    rows ranked together, with `average_precision` and `curve`; `macro`: the mean average precision of the labels that
    occur; `classes`: label, average_precision (None where no row has it), and, of few labels, `curve`.
    """
    positive = truth == 1 if truth.ndim == 2 else truth[:, None] == np.arange(len(labels))  # bool [n, labels]
    n = len(positive)
    rows = np.linspace(0, n - 1, min(n, max(1, ENTRIES // len(labels)))).astype(int)
    every, scores = positive[rows].reshape(-1), probabilities[rows].reshape(-1)  # [rows * labels]
    classes: list[dict[str, Any]] = []
    for k, label in enumerate(labels):
        occurs = bool(positive[:, k].any())
        entry: dict[str, Any] = {"label": label}
        entry["average_precision"] = average_precision(positive[:, k], probabilities[:, k]) if occurs else None
        if occurs and len(labels) <= CURVES:
            entry["curve"] = curve(positive[:, k], probabilities[:, k])
        classes.append(entry)
    known = [c["average_precision"] for c in classes if c["average_precision"] is not None]
    return {
        "micro": {"average_precision": average_precision(every, scores), "curve": curve(every, scores)},
        "macro": float(np.mean(known)) if known else 0.0,
        "classes": classes,
    }


def curve(positive: np.ndarray, scores: np.ndarray) -> list[list[float]]:
    """[[recall, precision], …] from the highest threshold down; entries of equal score are one step.

    positive: bool [n]; scores: float [n].
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.inf))  # the last entry of each score
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, min(len(ends), POINTS)).astype(int))] if len(ends) else ends
    hits = positive[order].cumsum()[ends]
    recall, precision = hits / max(positive.sum(), 1), hits / (ends + 1)
    return np.stack([recall, precision], axis=1).round(4).tolist()


def accuracy_by_coverage(correct: np.ndarray, confidence: np.ndarray) -> dict[str, Any]:
    """The accuracy of the most confident rows, by their share: the complement of a risk–coverage curve.

    correct: bool [n]; confidence: float [n], the probability of each prediction; rows of equal confidence come together
    (El-Yaniv & Wiener 2010). `curve`: [[coverage, accuracy], …], at most POINTS; `levels`: for each of LEVELS the
    largest `coverage` whose accuracy reaches it, the `threshold` of the probability there, its `rows`, and how many of
    them are `right`; 0 and None if none does.
    """
    n = len(correct)
    order = np.argsort(-confidence, kind="stable")
    ends = np.flatnonzero(np.diff(confidence[order], append=-np.inf))  # the last row of each confidence
    accuracy, coverage = correct[order].cumsum()[ends] / (ends + 1), (ends + 1) / max(n, 1)
    levels: list[dict[str, Any]] = []
    for level in LEVELS:
        reached = np.flatnonzero(accuracy >= level)
        k = int(reached[-1]) if len(reached) else None
        rows = int(ends[k]) + 1 if k is not None else 0
        threshold = float(confidence[order[ends[k]]]) if k is not None else None
        right = int(correct[order[:rows]].sum())
        levels.append({"accuracy": level, "coverage": rows / max(n, 1), "rows": rows, "right": right})
        levels[-1]["threshold"] = threshold
    shown = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), POINTS)).astype(int)) if n else ends
    return {"curve": np.stack([coverage, accuracy], axis=1)[shown].round(4).tolist(), "levels": levels}
