"""Figures of predicted classes, labels and numbers. NumPy alone: `predict` and `verify` run without scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """Int [n] class indices -> int [classes, classes]; rows: the truth, columns: the prediction."""
    counts = np.bincount(truth * n_classes + predicted, minlength=n_classes**2)  # [classes * classes]
    return counts.reshape(n_classes, n_classes)  # [classes, classes]


def classification_metrics(truth: np.ndarray, predicted: np.ndarray, labels: list[str]) -> dict[str, Any]:
    """Accuracy, macro-F1 (over the classes that occur in truth or prediction); precision, recall, F1 and support."""
    return confusion_metrics(confusion_matrix(truth, predicted, len(labels)), labels)


def confusion_metrics(confusion: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """The figures of `classification_metrics` from int [classes, classes], as `confusion_matrix` returns it."""
    rows = int(confusion.sum())
    hits, support, n_predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
    precision, recall = hits / np.maximum(n_predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + n_predicted, 1)
    occurs = support + n_predicted > 0
    return {
        "rows": rows,
        "accuracy": float(hits.sum() / max(rows, 1)),
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
        "per_class": [
            {"label": label, "precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
            for label, p, r, f, n in zip(labels, precision, recall, f1, support, strict=True)
        ],
        "confusion": confusion.tolist(),
    }


def regression_metrics(truth: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Mean absolute error, root mean square error and R² of each target, and their means over the targets.

    truth, predicted: float [n, targets]. R² of a constant target is 1 if all predictions are exact, else 0.
    """
    truth, predicted = truth.astype("float64"), predicted.astype("float64")
    rows = max(len(truth), 1)
    error = predicted - truth
    mae, squares = np.abs(error).sum(0) / rows, (error**2).sum(0)
    total_squares = ((truth - truth.sum(0) / rows) ** 2).sum(0)
    varies = (truth != truth[:1]).any(0)  # compares the numbers: the mean of equal numbers may be an ulp off
    r2 = np.where(varies, 1 - squares / np.where(varies, total_squares, 1), squares == 0)
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
    truth: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    """Micro-F1, macro-F1 (over the labels that occur in truth or prediction), and the figures of each label.

    truth: 0 or 1, [n, labels]; predicted: bool [n, labels]; probabilities: float [n, labels], which rank the rows for
    the average precision.
    """
    positive = truth == 1
    hits, support, n_predicted = (positive & predicted).sum(0), positive.sum(0), predicted.sum(0)
    precision, recall = hits / np.maximum(n_predicted, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + n_predicted, 1)
    occurs = support + n_predicted > 0
    average_precisions = [average_precision(positive[:, k], probabilities[:, k]) for k in range(len(labels))]
    rows = max(len(truth), 1)
    return {
        "rows": len(truth),
        "micro_f1": float(2 * hits.sum() / max((support + n_predicted).sum(), 1)),
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
        "subset_accuracy": float((positive == predicted).all(1).sum() / rows),
        "hamming_loss": float((positive != predicted).sum() / max(positive.size, 1)),
        "per_label": [
            {
                "label": label,
                "precision": float(p),
                "recall": float(r),
                "f1": float(f),
                "average_precision": a,
                "rows": int(n),
            }
            for label, p, r, f, a, n in zip(labels, precision, recall, f1, average_precisions, support, strict=True)
        ],
    }


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Sum of precision times the step in recall, from the highest score down; rows of equal score are one step.

    positive: bool [n]; scores: float [n]. 0 without positive rows.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=np.inf))  # the last row of each score
    hits = positive[order].cumsum()[ends]
    steps = np.diff(hits, prepend=0)
    return float((steps * hits / (ends + 1)).sum() / max(positive.sum(), 1))
