"""Calibration error (is a prediction of probability 0.9 right nine times of ten?) and temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmkeras.config.tasks import TARGET_KINDS

CALIBRATION_BINS = 10
CHOICES = 1_000_000
SMALLEST = 1e-12  # probability whose logarithm is taken
SUREST, LEAST_SURE = 30.0, 0.01  # bounds of a typical row's log-odds, best class to second, at the temperature


def softmax(logits: np.ndarray) -> np.ndarray:
    """Float [n, classes] logits -> probabilities."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)


def calibration(probabilities: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Negative log likelihood, expected calibration error (Guo et al. 2017, eq. 5), and the bins to plot.

    probabilities: float [n, classes]; truth: int [n].
    """
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == truth
    bin_of_row = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    for k in range(CALIBRATION_BINS):
        in_bin = bin_of_row == k
        if in_bin.any():
            bins.append(
                {
                    "confidence": float(confidence[in_bin].mean()),
                    "accuracy": float(correct[in_bin].mean()),
                    "rows": int(in_bin.sum()),
                }
            )
    gap = sum(b["rows"] * abs(b["confidence"] - b["accuracy"]) for b in bins) / max(len(truth), 1)
    likelihood = np.maximum(probabilities[np.arange(len(truth)), truth], SMALLEST)
    return {
        "negative_log_likelihood": float(-np.log(likelihood).mean()),
        "expected_calibration_error": gap,
        "bins": bins,
    }


def choices(task: str, logits: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """What is calibrated: logits float [m, options], and which option is right, int [m]. None for numbers.

    logits: float [n, outputs]. truth: classes int [n], or labels 0 or 1 [n, labels]. Of labels, each of each row is a
    choice of its own between no, whose logit is 0, and yes: all labels share the temperature. Of many rows with many
    labels, evenly spaced rows with `CHOICES` choices are taken.
    """
    kind = TARGET_KINDS[task]
    if kind == "category":
        return logits, truth
    if kind == "labels":
        n, labels = logits.shape
        rows = np.linspace(0, n - 1, min(n, max(1, CHOICES // labels))).astype(int)
        yes = logits[rows].reshape(-1)  # [rows * labels]
        return np.stack([np.zeros_like(yes), yes], axis=1), truth[rows].reshape(-1).astype(int)
    return None


def choices_a_row(task: str, logits: np.ndarray) -> int:
    """Of `choices`, how many a row has: one class, or each label. logits: float [n, outputs]."""
    kind = TARGET_KINDS[task]
    return logits.shape[1] if kind == "labels" else 1


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature T of softmax(logits / T) that is likeliest a posteriori, given held-out rows.

    The likelihood alone (Guo et al. 2017, section 4.2) has no maximum where every row is right: T runs to 0, and each
    wrong answer to come has probability 1. So two rows are added to the n held-out rows, one right and one wrong, whose
    best two classes are a typical margin m apart (Laplace's rule of succession as a prior; Platt 1999, section 2.2,
    smooths his targets by the same counts). With n right rows of margin m, T = m / log(n + 1): the probability of their
    answers is (n + 1) / (n + 2). The two rows count less the more rows there are, and a factor of all logits is a
    factor of T.

    logits: float [n, classes]; truth: int [n]. The posterior has one maximum in 1 / T: golden-section search on log T,
    between `SUREST` and `LEAST_SURE`. Logits that are equal or not finite have no margin: T = 1.
    """
    logits = np.asarray(logits, "float64")
    margin = typical_margin(logits)
    if margin is None:
        return 1.0
    below = logits - logits.max(axis=1, keepdims=True)  # [n, classes]
    of_truth = below[np.arange(len(truth)), truth]  # [n]

    def loss(log_t: float) -> float:
        inverse = np.exp(-log_t)
        of_rows = np.log(np.exp(below * inverse).sum(axis=1)) - of_truth * inverse
        right, wrong = np.logaddexp(0.0, [-margin * inverse, margin * inverse])
        return float(of_rows.sum() + right + wrong)

    low, high, ratio = np.log(margin / SUREST), np.log(margin / LEAST_SURE), (5**0.5 - 1) / 2
    while high - low > 1e-4:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) <= loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


def row_losses(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Float [n]: the negative log likelihood of each row, at the temperature that fits all of them."""
    probabilities = softmax(logits / fit_temperature(logits, truth))
    return -np.log(np.maximum(probabilities[np.arange(len(truth)), truth], SMALLEST))


def typical_margin(logits: np.ndarray) -> float | None:
    """The median over the rows of how far the best class is above the second; rows of equal best classes do not count.

    logits: float [n, classes]. None where no row has a margin, or a logit is not finite. (Of the median, not the mean:
    a row of an odd value can have logits that are a hundred times the others'.)
    """
    if not len(logits) or not np.isfinite(logits).all():
        return None
    second, best = np.partition(logits, -2, axis=1)[:, -2:].T  # [n] each
    margins = (best - second)[best > second]
    return float(np.median(margins)) if len(margins) else None
