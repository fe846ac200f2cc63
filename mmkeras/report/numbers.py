"""The page of predicted numbers: the size of the errors, their sign, and where they occur."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mmkeras.report import plots
from mmkeras.report.files import RunFiles
from mmkeras.report.held_out import Row, numbers_of, scaled_errors
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions

PLOTS_SHOWN: Final = 12
"""Largest number of targets with a plot; the others are in the table alone."""
TARGETS_SHOWN: Final = 4
"""Largest number of targets of a row whose errors are shown, the largest error first."""
FEWEST_ROWS: Final = 20
"""Fewest rows whose lowest and highest fifths are evaluated."""


def facts(run: RunFiles) -> dict[str, Any]:
    """The variables of regress.html.j2, without those of every page."""
    rows = targets(run)
    drawn = sorted(rows, key=lambda target: target["r2"])[:PLOTS_SHOWN] if len(rows) > PLOTS_SHOWN else rows
    plotted = []
    for k, target in enumerate(drawn):
        column = rows.index(target)
        plot = plots.scatter(run.held_out.truth[:, column], run.held_out.predicted[:, column], f"scatter{k}")
        plotted.append({**target, "plot": plot})
    return {
        "targets": rows,
        "plotted": plotted,
        "weakest": min(rows, key=lambda target: target["r2"]),
        "signed": False,
        "mistakes": mistakes(run, verdict, signed=False),
        "contributions": contributions(run),
    }


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The targets of a row with the largest errors in standard deviations, and the number of other targets."""
    truth, predicted = numbers_of(row, run.schema["targets"])
    errors = scaled_errors(row, run.schema["targets"])
    worst = sorted(range(len(errors)), key=lambda k: -errors[k])
    shown = [
        {"target": run.targets[k], "truth": truth[k], "predicted": predicted[k], "error": predicted[k] - truth[k]}
        for k in worst[:TARGETS_SHOWN]
    ]
    return {"targets": shown, "others": len(errors) - len(shown)}


def targets(run: RunFiles) -> list[dict[str, Any]]:
    """The figures of each target, of its errors, and of the baseline that always predicts the training mean."""
    means = run.schema["targets"]["mean"]
    rows = []
    for k, figures in enumerate(run.metrics["validation"]["per_target"]):
        truth, predicted = run.held_out.truth[:, k], run.held_out.predicted[:, k]
        finite = np.isfinite(truth) & np.isfinite(predicted)  # bool [n]
        errors = residuals(truth[finite], predicted[finite], means[k])
        rows.append({**figures, "broken": int((~finite).sum()), **errors})
    return rows


def residuals(truth: np.ndarray, predicted: np.ndarray, mean: float) -> dict[str, Any]:
    """Statistics of the errors. truth, predicted: float [n]; mean: of the training rows.

    low, high: the mean error in the lowest and in the highest fifth of the truths, None where rows are few or equal;
    drawn_in: whether low predictions are too high and high ones too low, by half of the mean absolute error or more.
    """
    error = predicted - truth
    if not len(error):
        return dict.fromkeys(("bias", "half", "ninety", "always_mean", "low", "high")) | {"drawn_in": False}
    size = np.abs(error)
    low = high = None
    first, last = np.quantile(truth, [0.2, 0.8])
    if len(truth) >= FEWEST_ROWS and first < last:
        low, high = float(error[truth <= first].mean()), float(error[truth >= last].mean())
    threshold = 0.5 * float(size.mean())
    return {
        "bias": float(error.mean()),
        "half": float(np.quantile(size, 0.5)),
        "ninety": float(np.quantile(size, 0.9)),
        "always_mean": float(np.abs(truth - mean).mean()),
        "low": low,
        "high": high,
        "drawn_in": low is not None and high is not None and low > threshold and high < -threshold,
    }
