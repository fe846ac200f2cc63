"""The figures of decided answers, in NumPy alone: `predict` and `verify` run where scikit-learn need not be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Int [n] class numbers -> int [classes, classes], rows the truth, columns the prediction."""
    counts = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)  # [classes * classes]
    return counts.reshape(n_classes, n_classes)  # [classes, classes]


def classification_metrics(truth: np.ndarray, predicted: np.ndarray, labels: list[str]) -> dict[str, Any]:
    """Accuracy, macro-F1 (over the classes that occur in either), and precision, recall, F1, support a class."""
    confusion = confusion_matrix(truth, predicted, len(labels))
    hits, support, chosen = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    precision, recall = hits / np.maximum(chosen, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + chosen, 1)
    occurs = support + chosen > 0
    return {
        "rows": len(truth),
        "accuracy": float(hits.sum() / max(len(truth), 1)),
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
        "per_class": [
            {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
            for label, p, r, f, n in zip(labels, precision, recall, f1, support, strict=True)
        ],
        "confusion": confusion.tolist(),
    }


def regression_metrics(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Mean absolute error, root mean square error and R² of each target, and their means over the targets.

    truth, predicted: float [n, targets]. R² of a target that does not vary is 1 if all are right, else 0.
    """
    truth, predicted = truth.astype("float64"), predicted.astype("float64")
    rows = max(len(truth), 1)
    error = predicted - truth
    mae, squares = np.abs(error).sum(0) / rows, (error**2).sum(0)
    spread = ((truth - truth.sum(0) / rows) ** 2).sum(0)
    varies = (truth != truth[:1]).any(0)  # by the numbers themselves: of equal ones the mean may be an ulp off
    r2 = np.where(varies, 1 - squares / np.where(varies, spread, 1), squares == 0)
    rmse = np.sqrt(squares / rows)
    return {
        "rows": len(truth),
        "mae": float(mae.mean()),
        "rmse": float(rmse.mean()),
        "r2": float(r2.mean()),
        "per_target": [
            {"target": name, "mae": float(a), "rmse": float(b), "r2": float(c)}
            for name, a, b, c in zip(names, mae, rmse, r2, strict=True)
        ],
    }


def multilabel_metrics(
    truth: np.ndarray, given: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    """F1 over all labels together and as a mean over those that occur in either, and figures a label.

    truth: 0 or 1, [n, labels]; given: bool [n, labels], the labels that are decided on; probabilities: float
    [n, labels], which rank the rows for the average precision.
    """
    wanted = truth == 1
    hits, support, chosen = (wanted & given).sum(0), wanted.sum(0), given.sum(0)
    precision, recall = hits / np.maximum(chosen, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + chosen, 1)
    occurs = support + chosen > 0
    ranked = [average_precision(wanted[:, k], probabilities[:, k]) for k in range(len(labels))]
    rows = max(len(truth), 1)
    return {
        "rows": len(truth),
        "micro_f1": float(2 * hits.sum() / max((support + chosen).sum(), 1)),
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
        "subset_accuracy": float((wanted == given).all(1).sum() / rows),
        "hamming_loss": float((wanted != given).sum() / max(wanted.size, 1)),
        "per_label": [
            {
                "label": label,
                "precision": float(p),
                "recall": float(r),
                "f1": float(f),
                "average_precision": a,
                "rows": int(n),
            }
            for label, p, r, f, a, n in zip(labels, precision, recall, f1, ranked, support, strict=True)
        ],
    }


def average_precision(wanted: np.ndarray, scores: np.ndarray) -> float:
    """Sum of precision times the step in recall, from the highest score down; rows of equal scores are one step.

    wanted: bool [n]; scores: float [n]. 0 if nothing is wanted.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.inf))  # the last row of each score
    hits = wanted[order].cumsum()[ends]
    steps = np.diff(hits, prepend=0)
    return float((steps * hits / (ends + 1)).sum() / max(wanted.sum(), 1))
