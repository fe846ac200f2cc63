"""Probabilities that say how often they are right: calibration and temperature, against a loop and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_softmax

from mmkeras.metrics.calibration import LEAST_SURE, SUREST, calibration, choices, fit_temperature, softmax


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


@pytest.mark.parametrize("stretch", [0.2, 1.0, 6.0, 1e-4, 1e5])
@pytest.mark.parametrize("signal", [1.5, 3.0, 40.0])
def test_temperature_against_scipy(stretch: float, signal: float) -> None:
    """The likelihood of the rows and of two more: one right and one wrong, of a typical margin. 40: all rows right."""
    rng = np.random.default_rng(1)
    truth, _ = draw(1)
    logits = rng.normal(0, 1, (200, 4)) + signal * np.eye(4)[truth]
    best, second = np.sort(logits, axis=1)[:, :-3:-1].T
    two = np.array([[np.median(best - second), 0.0]] * 2)

    def loss(log_temperature: float) -> float:
        of_rows = log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(200), truth]
        return float(-of_rows.sum() - log_softmax(two / np.exp(log_temperature), axis=1)[[0, 1], [0, 1]].sum())

    found = minimize_scalar(loss, bounds=(np.log(0.01), np.log(100)), method="bounded", options={"xatol": 1e-6})
    assert fit_temperature(stretch * logits, truth) == pytest.approx(stretch * float(np.exp(found.x)), rel=1e-3)


@pytest.mark.parametrize("rows", [1, 5, 30, 1000, 100_000])
@pytest.mark.parametrize("margin", [1e-3, 2.0, 500.0])
def test_where_every_row_is_right_the_rule_of_succession_holds(rows: int, margin: float) -> None:
    logits = np.array([[margin, 0.0], [0.0, margin]])[np.arange(rows) % 2]
    temperature = fit_temperature(logits, logits.argmax(1))
    assert softmax(logits / temperature).max(1).mean() == pytest.approx((rows + 1) / (rows + 2), rel=1e-4)
    assert temperature == pytest.approx(margin / np.log(rows + 1), rel=1e-3)


@pytest.mark.parametrize("classes", [2, 3, 20])
@pytest.mark.parametrize("seed", range(3))
def test_right_rows_of_many_margins_are_no_surer_than_that(classes: int, seed: int) -> None:
    """And a wrong row to come, with a margin of few rows, is unsure."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, 40)
    logits = rng.normal(0, 1, (40, classes))
    logits[np.arange(40), truth] = logits.max(1) + rng.gamma(2.0, 2.0, 40)
    p = softmax(logits / fit_temperature(logits, truth))
    assert 0.85 < p.max(1).mean() < 41 / 42
    assert np.quantile(p.max(1), 0.05) < 0.85


@pytest.mark.parametrize(("rows", "most"), [(100, 0.06), (1000, 0.006), (10_000, 0.0006)])
def test_many_rows_decide_alone(rows: int, most: float) -> None:
    """The two rows move a temperature in proportion to 1 / n."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 2, (rows, 3))
    truth = (softmax(z).cumsum(1) < rng.random((rows, 1))).sum(1)

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(z / np.exp(log_temperature), axis=1)[np.arange(rows), truth].mean())

    likeliest = np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-6}).x)
    assert fit_temperature(z, truth) == pytest.approx(likeliest, rel=most)


def test_one_odd_row_decides_little() -> None:
    """A right row with logits a thousand times the others' does not make all others unsure, nor a NaN anything."""
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 3, 60)
    logits = rng.normal(0, 0.3, (60, 3)) + 3 * np.eye(3)[truth]
    odd = np.concatenate([logits, [[3000.0, 0.0, 0.0]]])
    assert fit_temperature(odd, np.append(truth, 0)) == pytest.approx(fit_temperature(logits, truth), rel=0.02)
    odd[-1, 1] = np.nan
    assert fit_temperature(odd, np.append(truth, 0)) == 1.0


def test_bounds_keep_the_temperature_finite() -> None:
    """Of equal logits; where every row is wrong; and where margins tell no row from another."""
    assert fit_temperature(np.zeros((9, 3)), np.arange(9) % 3) == 1.0
    wrong = softmax(np.eye(2) / fit_temperature(np.eye(2), np.array([1, 0])))
    assert wrong.max() == pytest.approx(0.5 + LEAST_SURE / 4, abs=1e-4)
    assert wrong.argmax(1).tolist() == [0, 1], "still decided"
    margins = np.where(np.arange(10_000) < 6000, 1.0, 0.05)
    temperature = fit_temperature(np.stack([margins, 0 * margins], axis=1), np.zeros(10_000, int))
    assert temperature == pytest.approx(1 / SUREST, rel=1e-3)


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


def test_labels_share_a_temperature_over_all_their_choices() -> None:
    """Each label of each row is a row of two classes; a label's probability is the sigmoid of its logit."""
    rng = np.random.default_rng(5)
    z = rng.normal(0, 2, (8000, 3))
    truth = (rng.random(z.shape) < expit(z)).astype("float32")
    found = choices("multilabel", 3 * z, truth)
    assert found is not None
    logits, right = found
    np.testing.assert_allclose(softmax(logits)[:, 1], expit(3 * z).ravel())
    np.testing.assert_array_equal(right, truth.ravel())
    assert fit_temperature(logits, right) == pytest.approx(3.0, rel=0.05)


def test_classes_are_calibrated_as_they_are_and_numbers_are_not() -> None:
    logits, truth = np.eye(3), np.arange(3)
    found = choices("classify", logits, truth)
    assert found is not None
    assert found[0] is logits
    assert found[1] is truth
    assert choices("regress", logits, logits) is None
