"""What is measured of predictions, in NumPy alone: `predict` and `verify` run where scikit-learn need not be."""

from __future__ import annotations

from typing import Any

import numpy as np

CALIBRATION_BINS = 10


def softmax(logits: np.ndarray) -> np.ndarray:
    """Float [n, classes] logits -> probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


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


def calibration(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Negative log likelihood, expected calibration error (Guo et al. 2017, eq. 5), and the bins to plot."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == truth
    place = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    for k in range(CALIBRATION_BINS):
        here = place == k
        if here.any():
            bins.append(
                {
                    "confidence": float(confidence[here].mean()),
                    "accuracy": float(right[here].mean()),
                    "rows": int(here.sum()),
                }
            )
    gap = sum(b["rows"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / max(len(truth), 1)
    likelihood = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)
    return {
        "negative_log_likelihood": float(-np.log(likelihood).mean()),
        "expected_calibration_error": gap,
        "bins": bins,
    }


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature T that makes softmax(logits / T) likeliest (Guo et al. 2017, section 4.2).

    logits: float [n, classes]; truth: int [n]. The likelihood has one maximum in 1 / T: golden-section search on log T.
    """

    def loss(log_t: float) -> float:
        return calibration(softmax(logits / np.exp(log_t)), truth)["negative_log_likelihood"]

    low, high, ratio = np.log(0.01), np.log(100.0), (5**0.5 - 1) / 2
    while high - low > 1e-4:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) <= loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def per_class_table(metrics: dict[str, Any]) -> str:
    """The metrics a class, as lines to print."""
    width = max(5, *(len(row["label"]) for row in metrics["per_class"]))
    lines = [f"{'class':<{width}}  precision  recall      f1    rows"]
    for row in metrics["per_class"]:
        numbers = f"{row['precision']:9.3f}  {row['recall']:6.3f}  {row['f1']:6.3f}  {row['rows']:6d}"
        lines.append(f"{row['label']:<{width}}  {numbers}")
    return "\n".join(lines)
