"""What the figures of predicted numbers say: how far off they are, to which side, and where."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mmkeras.report import plots
from mmkeras.report.files import RunFiles
from mmkeras.report.held_out import Row, numbers_of, scaled_errors
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions

PLOTS_SHOWN: Final = 12
"""Targets that get a plot; the others stand in the table alone."""
TARGETS_SHOWN: Final = 4
"""Targets of a row whose errors are shown, the largest first."""
FEWEST_ROWS: Final = 20
"""With fewer rows, a fifth of them says nothing."""


def facts(run: RunFiles) -> dict[str, Any]:
    """What regress.html.j2 shows beside what every page has."""
    found = targets(run)
    drawn = sorted(found, key=lambda target: target["r2"])[:PLOTS_SHOWN] if len(found) > PLOTS_SHOWN else found
    plotted = []
    for k, target in enumerate(drawn):
        column = found.index(target)
        picture = plots.scatter(run.held_out.truth[:, column], run.held_out.said[:, column], f"scatter{k}")
        plotted.append({**target, "plot": picture})
    return {
        "targets": found,
        "plotted": plotted,
        "weakest": min(found, key=lambda target: target["r2"]),
        "signed": False,
        "mistakes": mistakes(run, verdict, signed=False),
        "contributions": contributions(run),
    }


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The targets of a row that are furthest off, in their standard deviations; how many others there are."""
    truth, predicted = numbers_of(row, run.schema["targets"])
    sizes = scaled_errors(row, run.schema["targets"])
    worst = sorted(range(len(sizes)), key=lambda k: -sizes[k])
    shown = [
        {"target": run.targets[k], "truth": truth[k], "said": predicted[k], "error": predicted[k] - truth[k]}
        for k in worst[:TARGETS_SHOWN]
    ]
    return {"targets": shown, "others": len(sizes) - len(shown)}


def targets(run: RunFiles) -> list[dict[str, Any]]:
    """The figures a target, those of its errors, and what always saying the mean of the training rows would cost."""
    means = run.schema["targets"]["mean"]
    found = []
    for k, measured in enumerate(run.metrics["validation"]["per_target"]):
        truth, said = run.held_out.truth[:, k], run.held_out.said[:, k]
        there = np.isfinite(truth) & np.isfinite(said)
        found.append({**measured, "broken": int((~there).sum()), **residuals(truth[there], said[there], means[k])})
    return found


def residuals(truth: np.ndarray, said: np.ndarray, mean: float) -> dict[str, Any]:
    """What errors are like. truth, said: float [n]; mean: of the training rows.

    low, high: the mean error in the lowest and in the highest fifth of the truths, None where rows are few or all
    alike; drawn_in: are the first too high and the last too low by half of the usual error or more?
    """
    error = said - truth
    if not len(error):
        return dict.fromkeys(("bias", "half", "ninety", "always_mean", "low", "high")) | {"drawn_in": False}
    size = np.abs(error)
    low = high = None
    first, last = np.quantile(truth, [0.2, 0.8])
    if len(truth) >= FEWEST_ROWS and first < last:
        low, high = float(error[truth <= first].mean()), float(error[truth >= last].mean())
    least = 0.5 * float(size.mean())
    return {
        "bias": float(error.mean()),
        "half": float(np.quantile(size, 0.5)),
        "ninety": float(np.quantile(size, 0.9)),
        "always_mean": float(np.abs(truth - mean).mean()),
        "low": low,
        "high": high,
        "drawn_in": low is not None and high is not None and low > least and high < -least,
    }
