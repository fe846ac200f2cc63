"""Precision–recall curves, and accuracy by coverage: what a threshold on the probability costs, and what it gains."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mmkeras.metrics.curves import accuracy_by_coverage
from mmkeras.metrics.intervals import wilson
from mmkeras.metrics.temperature import in_words
from mmkeras.report import plots
from mmkeras.report.files import RunFiles
from mmkeras.report.plots import INK, STYLE, VALIDATION, inline, unit_square


def probability_facts(run: RunFiles) -> dict[str, Any]:
    """The variables of curves.html.j2 and calibration.html.j2, for classes and for labels."""
    calibration = run.metrics.get("calibration")
    facts: dict[str, Any] = {"calibration": calibration, "reliability": {}}
    if calibration:
        bins = {when: calibration[when]["bins"] for when in ("before", "after")}
        facts["reliability"] = {when: plots.reliability(bins[when], when) for when in bins}
        facts["temperature_in_words"] = in_words(calibration)
        before = calibration["before"]["expected_calibration_error"]
        used = calibration.get("applied", calibration["temperature"] != 1.0)
        facts["calibration_note"] = f"{before:.1%} before the temperature" if used else "the temperature is left at 1"
    return {**facts, "precision_recall": precision_recall(run), "coverage": coverage(run)}


def precision_recall(run: RunFiles) -> dict[str, Any] | None:
    """The figures of `metrics.curves.precision_recall` with their `plot`; None for a run of an older release."""
    figures = run.metrics.get("precision_recall")
    if not figures or not figures["micro"]["curve"]:
        return None
    curves = [c["curve"] for c in figures["classes"] if c.get("curve")]
    by_label = {c["label"]: c["average_precision"] for c in figures["classes"]}
    return {**figures, "by_label": by_label, "thin": len(curves), "plot": _precision_recall_plot(figures, curves)}


def coverage(run: RunFiles) -> dict[str, Any] | None:
    """The figures of `accuracy_by_coverage` on the held-out rows, with their `plot`; None without rows."""
    confidence = np.array(run.held_out.confidence)
    if not len(confidence):
        return None
    figures = accuracy_by_coverage(np.array(run.held_out.correct, bool), confidence)
    for level in figures["levels"]:
        level["interval"] = wilson(level["right"], level["rows"]) if level["rows"] else None
    return {**figures, "plot": _coverage_plot(figures["curve"])}


def _precision_recall_plot(figures: dict[str, Any], curves: list[list[list[float]]]) -> Markup:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.4))
        axes = figure.add_axes((0.16, 0.14, 0.8, 0.82))
        for points in curves:
            axes.plot(*_from_the_left(points), color=INK, linewidth=0.8, alpha=0.45, drawstyle="steps-pre")
        micro = figures["micro"]
        axes.plot(*_from_the_left(micro["curve"]), color=VALIDATION, linewidth=2, drawstyle="steps-pre")
        axes.set_xlabel("recall")
        axes.set_ylabel("precision")
        unit_square(axes)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        words = f"Precision by recall, all classes together: average precision {micro['average_precision']:.3f}"
        return inline(figure, "precision-recall", words)


def _from_the_left(points: list[list[float]]) -> tuple[list[float], list[float]]:
    """Recalls and precisions, from recall 0 on."""
    recall, precision = zip(*points, strict=True)
    return [0.0, *recall], [precision[0], *precision]


def _coverage_plot(points: list[list[float]]) -> Markup:
    covered, accuracy = zip(*points, strict=True)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.4))
        axes = figure.add_axes((0.19, 0.14, 0.77, 0.82))
        axes.axhline(accuracy[-1], color=INK, linewidth=0.8, linestyle=":")
        axes.plot(covered, accuracy, color=VALIDATION, linewidth=2, marker="o", markersize=3 if len(points) < 30 else 0)
        axes.set_xlabel("coverage: share of the rows that are answered")
        axes.set_ylabel("accuracy")
        axes.set_xlim(0, 1.02)
        low = min(accuracy)
        axes.set_ylim(max(0.0, low - 0.08 * (1.02 - low)), 1.0 + 0.05 * (1.02 - low))
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        words = (
            f"Accuracy from {accuracy[0]:.0%} on the most confident {covered[0]:.1%} to {accuracy[-1]:.1%} on all rows"
        )
        return inline(figure, "coverage", words)
