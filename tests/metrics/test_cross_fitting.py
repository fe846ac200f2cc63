"""The temperature is applied where it lowers the calibration error of rows that it is not fitted on, and only there."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mmkeras.metrics import temperature
from mmkeras.metrics.calibration import calibration, fit_temperature, softmax
from mmkeras.metrics.temperature import FEW_ROWS, FOLDS, choose_temperature, cross_fit, in_words


def drawn(rows: int, seed: int = 0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits, and classes drawn from their softmax: perfectly calibrated."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, classes))
    return logits, (softmax(logits).cumsum(1) < rng.random((rows, 1))).sum(1)


@pytest.mark.parametrize("stretch", [0.2, 5.0])
def test_of_logits_that_are_too_flat_or_too_steep_it_is_applied(stretch: float) -> None:
    logits, truth = drawn(1000)
    figures = choose_temperature(stretch * logits, truth)
    errors = {name: figures["cross_fitted"][name]["expected_calibration_error"] for name in ("with", "without")}
    assert figures["applied"]
    assert figures["temperature"] == figures["fitted"] == pytest.approx(stretch, rel=0.1)
    assert errors["with"] < errors["without"]
    assert in_words(figures) == (
        f"temperature {figures['fitted']:.3g} applied: calibration error {errors['without']:.4f} → "
        f"{errors['with']:.4f} by 5-fold cross-fitting"
    )


def test_where_it_does_not_lower_the_error_it_is_left_at_1() -> None:
    """Whichever way the chance of a few hundred calibrated rows falls."""
    seen = set()
    for seed in range(12):
        figures = choose_temperature(*drawn(300, seed))
        errors = [figures["cross_fitted"][name]["expected_calibration_error"] for name in ("with", "without")]
        assert figures["applied"] is (errors[0] < errors[1])
        assert figures["temperature"] == (figures["fitted"] if figures["applied"] else 1.0)
        if not figures["applied"]:
            assert in_words(figures).startswith(
                f"temperature left at 1: {figures['fitted']:.3g} does not lower the error"
            )
            assert figures["before"] == figures["after"]
        seen.add(figures["applied"])
    assert seen == {True, False}


@pytest.mark.parametrize(("rows", "folds"), [(FEW_ROWS - 1, FEW_ROWS - 1), (FEW_ROWS, FOLDS), (1000, FOLDS)])
def test_no_row_is_answered_at_a_temperature_that_it_has_chosen(rows: int, folds: int) -> None:
    """Against a loop over the folds; few rows are left out one at a time."""
    logits, truth = drawn(rows)
    figures = cross_fit(2 * logits, truth)
    assert (figures["folds"], figures["rows"]) == (folds, rows)
    fold = np.random.default_rng(0).permutation(rows) % folds
    fitted = [fit_temperature(2 * logits[fold != k], truth[fold != k]) for k in range(folds)]
    scaled = np.array([2 * z / fitted[k] for z, k in zip(logits, fold, strict=True)])
    expected = calibration(softmax(scaled), truth)
    for name in ("expected_calibration_error", "negative_log_likelihood"):
        assert figures["with"][name] == pytest.approx(expected[name], rel=1e-6)


def test_labels_of_a_row_stay_together_and_many_rows_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    folds: list[np.ndarray] = []

    def noted(logits: np.ndarray, truth: np.ndarray) -> float:
        folds.append(logits[:, 0])
        return 1.0

    monkeypatch.setattr(temperature, "fit_temperature", noted)
    monkeypatch.setattr(temperature, "CROSS_FITTED", 300)
    rows = np.repeat(np.arange(400.0), 3)  # the number of its row, in each of its three choices
    figures = cross_fit(np.stack([rows, rows + 1], axis=1), np.ones(1200, int), choices_a_row=3)
    assert (figures["rows"], figures["folds"]) == (100, FOLDS)
    for fold in folds:
        assert all(count == 3 for count in np.unique(fold, return_counts=True)[1])
        assert len(fold) == 240


@pytest.mark.parametrize("rows", [20, 40, 400])
def test_a_model_that_is_surer_than_the_rows_show_gets_it_all_the_same(rows: int) -> None:
    """All rows are right, with odd margins: the measured error without a temperature is 0, and a wrong answer's
    probability would be 1."""
    rng = np.random.default_rng(1)
    margins = 400 * rng.gamma(2.0, 1.0, rows) + 50
    logits = np.stack([margins, np.zeros(rows)], axis=1)
    figures = choose_temperature(logits, np.zeros(rows, int))
    assert figures["cross_fitted"]["without"]["expected_calibration_error"] < 1e-9
    assert figures["applied"]
    assert figures["unsupported"]
    assert softmax(logits / figures["temperature"])[:, 0].mean() < (rows + 1) / (rows + 2)
    assert "probability 1.000000, and the held-out rows show" in in_words(figures)


@pytest.mark.parametrize("logits", [np.zeros((9, 3)), np.full((9, 3), np.nan)])
def test_logits_without_a_margin_have_none(logits: np.ndarray) -> None:
    with np.errstate(invalid="ignore"):
        figures: dict[str, Any] = choose_temperature(logits, np.arange(9) % 3)
    assert figures["temperature"] == 1.0
    assert not figures["applied"]
    assert "cross_fitted" not in figures
    assert in_words(figures) == "temperature 1"


def test_a_run_of_an_older_release_says_its_temperature() -> None:
    assert in_words({"temperature": 0.4567, "before": {}, "after": {}}) == "temperature 0.457"
    assert math.isclose(choose_temperature(*drawn(60))["cross_fitted"]["rows"], 60)
