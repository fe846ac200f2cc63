"""Probabilities that say how often they are right: calibration and temperature, against a loop and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from mmkeras.metrics.calibration import calibration, fit_temperature, softmax


def draw(seed: int, rows: int = 200, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Truth and predictions that are right half of the time."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, rows, p=np.array([0.6, 0.2, 0.15, 0.05])[:classes])
    predicted = np.where(rng.random(rows) < 0.5, truth, rng.integers(0, classes, rows))
    return truth, predicted


def test_softmax_of_large_logits() -> None:
    logits = np.array([[1000.0, 999.0, -1000.0], [-1e4, 0.0, 0.0]])
    np.testing.assert_allclose(softmax(logits), np.exp(log_softmax(logits, axis=1)), atol=1e-15)


def naive_calibration_error(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """Guo et al. 2017, eq. 5, bins [0, 0.1), …, [0.9, 1]."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(10)]
    for row, label in zip(probabilities, truth, strict=True):
        k = 9 if row.max() >= 0.9 else next(k for k in range(10) if row.max() < (k + 1) / 10)
        bins[k].append((float(row.max()), bool(row.argmax() == label)))
    error = 0.0
    for here in filter(None, bins):
        confidence = sum(c for c, _ in here) / len(here)
        accuracy = sum(right for _, right in here) / len(here)
        error += len(here) / len(truth) * abs(confidence - accuracy)
    return error


@pytest.mark.parametrize("seed", range(3))
def test_calibration_against_a_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, _ = draw(seed)
    probabilities = softmax(rng.normal(0, 2, (200, 4)) + 2 * np.eye(4)[truth])
    probabilities[0] = [1.0, 0.0, 0.0, 0.0]  # the last bin is closed
    figures = calibration(probabilities, truth)
    assert figures["expected_calibration_error"] == pytest.approx(naive_calibration_error(probabilities, truth))
    likelihoods = [max(row[label], 1e-12) for row, label in zip(probabilities, truth, strict=True)]
    assert figures["negative_log_likelihood"] == pytest.approx(-sum(map(math.log, likelihoods)) / 200)
    assert sum(b["rows"] for b in figures["bins"]) == 200
    assert all(0 <= b[key] <= 1 for b in figures["bins"] for key in ("confidence", "accuracy"))


@pytest.mark.parametrize("stretch", [0.2, 1.0, 6.0])
def test_temperature_against_scipy(stretch: float) -> None:
    rng = np.random.default_rng(1)
    truth, _ = draw(1)
    logits = stretch * (rng.normal(0, 1, (200, 4)) + 1.5 * np.eye(4)[truth])

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(200), truth].mean())

    best = minimize_scalar(loss, bounds=(np.log(0.01), np.log(100)), method="bounded", options={"xatol": 1e-6})
    assert fit_temperature(logits, truth) == pytest.approx(float(np.exp(best.x)), rel=1e-3)


def test_temperature_undoes_a_stretch_of_the_logits() -> None:
    """What is drawn from softmax(z) has temperature 1; from softmax(z) read as 3 z, 3."""
    rng = np.random.default_rng(2)
    z = rng.normal(0, 2, (20_000, 3))
    truth = (softmax(z).cumsum(1) < rng.random((20_000, 1))).sum(1)
    assert fit_temperature(z, truth) == pytest.approx(1.0, rel=0.05)
    assert fit_temperature(3 * z, truth) == pytest.approx(3.0, rel=0.05)


def test_temperature_never_changes_a_prediction_nor_worsens_the_likelihood() -> None:
    rng = np.random.default_rng(3)
    truth, _ = draw(3)
    logits = rng.normal(0, 5, (200, 4))
    temperature = fit_temperature(logits, truth)
    after = softmax(logits / temperature)
    np.testing.assert_array_equal(after.argmax(1), logits.argmax(1))
    before = calibration(softmax(logits), truth)
    assert calibration(after, truth)["negative_log_likelihood"] <= before["negative_log_likelihood"]
