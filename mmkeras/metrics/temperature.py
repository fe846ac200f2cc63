"""Whether the fitted temperature is applied: where it lowers the calibration error of rows that it is not fitted on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from mmkeras.metrics.calibration import calibration, fit_temperature, softmax, typical_margin

FOLDS: Final = 5
FEW_ROWS: Final = 50
"""Below this number of held-out rows each row is a fold of its own: a fifth of them would move the temperature."""
CROSS_FITTED: Final = 20_000
"""Largest number of rows and labels of the cross-fitting, evenly spaced: more take longer and decide the same."""


TOO_SURE: Final = 1.5
"""Log-odds of a typical answer, in those that the held-out rows vouch for, above which their error says nothing."""


def choose_temperature(logits: np.ndarray, truth: np.ndarray, choices_a_row: int = 1) -> dict[str, Any]:
    """The temperature that the model gets, and why; for `calibration` in metrics.json.

    The held-out rows are split into folds. Each fold's probabilities are computed at the temperature that the other
    folds choose, so the calibration error of all of them (that of `calibration`, over the rows together) is of rows
    that the temperature is not fitted on. The temperature of all rows is applied where that error is lower than
    without; else it is 1.

    With one exception: n rows that are all right vouch for log-odds of log(n + 1), not more (`fit_temperature`). Where
    a typical answer has more than `TOO_SURE` times as much, hardly a held-out row is wrong, and a measured error near 0
    says nothing of the wrong answers to come, which would have probability 1. There the temperature is applied too.

    logits: float [n, options]; truth: int [n], as `choices` has them. choices_a_row: entries of one row, which stay in
    one fold. Returns `temperature`, the `fitted` one, `applied`, `unsupported` (the exception; with the probability of
    a typical answer and the one that the rows support), `cross_fitted` (folds, rows, and both errors `without` and
    `with` it), and the calibration `before` and `after`.
    """
    logits = np.asarray(logits, "float64")
    fitted = fit_temperature(logits, truth)
    margin = typical_margin(logits)
    figures: dict[str, Any] = {}
    applied = unsupported = False
    if margin is not None:
        figures["cross_fitted"] = crossed = cross_fit(logits, truth, choices_a_row)
        unsupported = margin > TOO_SURE * math.log(len(truth) + 1) and fitted > 1
        errors = (crossed[name]["expected_calibration_error"] for name in ("with", "without"))
        applied = unsupported or next(errors) < next(errors)
    temperature = fitted if applied else 1.0
    before, after = (calibration(softmax(logits / t), truth) for t in (1.0, temperature))
    chosen = {"temperature": temperature, "fitted": fitted, "applied": applied, "unsupported": unsupported}
    if unsupported:
        chosen["typical_probability"] = 1 / (1 + math.exp(-min(margin or 0.0, 700.0)))
        chosen["supported_probability"] = (len(truth) + 1) / (len(truth) + 2)
    return {**chosen, **figures, "before": before, "after": after}


def cross_fit(logits: np.ndarray, truth: np.ndarray, choices_a_row: int = 1) -> dict[str, Any]:
    """The calibration without and with a temperature that the other folds choose: `folds`, `rows`, `without`, `with`.

    Each has `expected_calibration_error` and `negative_log_likelihood`. Arguments as of `choose_temperature`.
    """
    rows = len(truth) // choices_a_row
    kept = np.linspace(0, rows - 1, min(rows, max(1, CROSS_FITTED // choices_a_row))).astype(int)
    order = np.random.default_rng(0).permutation(len(kept))  # rows may be sorted, by time or by class
    folds = len(kept) if len(kept) < FEW_ROWS else FOLDS
    fold = np.repeat(order % folds, choices_a_row)  # [m], of each entry
    entries = (kept[:, None] * choices_a_row + np.arange(choices_a_row)).reshape(-1)  # [rows, choices] -> [m]
    logits, truth = logits[entries], truth[entries]
    scaled = np.empty_like(logits)
    for k in range(folds):
        inside = fold == k
        scaled[inside] = logits[inside] / fit_temperature(logits[~inside], truth[~inside])
    both = {name: calibration(softmax(z), truth) for name, z in (("without", logits), ("with", scaled))}
    return {
        "folds": folds,
        "rows": len(kept),
        **{name: {k: v for k, v in figures.items() if k != "bins"} for name, figures in both.items()},
    }


def in_words(figures: Mapping[str, Any]) -> str:
    """What was done about the temperature, as a sentence. figures: of `choose_temperature`, or of an older run."""
    crossed = figures.get("cross_fitted")
    if not crossed:
        return f"temperature {figures['temperature']:.3g}"
    way = f"{crossed['folds']}-fold" if crossed["folds"] < crossed["rows"] else "leave-one-out"
    without, used = (crossed[name]["expected_calibration_error"] for name in ("without", "with"))
    error = f"calibration error {without:.4f} → {used:.4f} by {way} cross-fitting"
    if figures.get("unsupported"):
        typical, supported = figures["typical_probability"], figures["supported_probability"]
        return (
            f"temperature {figures['fitted']:.3g} applied: without it a typical answer has the probability "
            f"{typical:.6f}, and the held-out rows show {supported:.4f} at most ({error})"
        )
    if figures["applied"]:
        return f"temperature {figures['fitted']:.3g} applied: {error}"
    return f"temperature left at 1: {figures['fitted']:.3g} does not lower the error ({error})"
