"""Calibration error (is a prediction of probability 0.9 right nine times of ten?) and temperature scaling."""

from __future__ import annotations

from typing import Any

import numpy as np

CALIBRATION_BINS = 10


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
    likelihood = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-12)
    return {
        "negative_log_likelihood": float(-np.log(likelihood).mean()),
        "expected_calibration_error": gap,
        "bins": bins,
    }


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """The temperature T that maximises the likelihood of softmax(logits / T) (Guo et al. 2017, section 4.2).

    logits: float [n, classes]; truth: int [n]. The likelihood has one maximum in 1 / T: golden-section search on log T.
    """

    def loss(log_t: float) -> float:
        return calibration(softmax(logits / np.exp(log_t)), truth)["negative_log_likelihood"]

    low, high, ratio = np.log(0.01), np.log(100.0), (5**0.5 - 1) / 2
    while high - low > 1e-4:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) <= loss(b) else (a, high)
    return float(np.exp((low + high) / 2))
