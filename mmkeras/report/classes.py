"""What a classifier's figures say: how good it is, which classes are weak, what is taken for what."""

from __future__ import annotations

from typing import Any, Final

from mmkeras.report import plots
from mmkeras.report.files import RunFiles
from mmkeras.report.findings import interval
from mmkeras.report.held_out import Row
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions
from mmkeras.runs.run import PREDICTION, PROBABILITY

LARGEST_MATRIX: Final = 30
"""Classes a confusion matrix may have and still be read; with more, the pairs are listed."""


def facts(run: RunFiles) -> dict[str, Any]:
    """What classify.html.j2 shows beside what every page has."""
    calibration = run.metrics.get("calibration")
    reliability = {}
    if calibration:
        reliability = {when: plots.reliability(calibration[when]["bins"], when) for when in ("before", "after")}
    return {
        "headline": headline(run),
        "classes": classes(run),
        "matrix": matrix(run),
        "pairs": confused_pairs(run),
        "calibration": calibration,
        "reliability": reliability,
        "signed": True,  # of what a column adds to the logit of a class
        "mistakes": mistakes(run, verdict, signed=True),
        "contributions": contributions(run),
    }


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The class of a row, the one that was predicted, and how surely."""
    return {
        "truth": row[run.targets[0]],
        "prediction": row[PREDICTION],
        "probability": float(row[PROBABILITY]),
    }


def headline(run: RunFiles) -> dict[str, Any]:
    """The figures to read first, and what to hold them against."""
    measured = run.metrics["validation"]
    rows = measured["rows"]
    right = sum(row[k] for k, row in enumerate(measured["confusion"]))
    largest = max(measured["per_class"], key=lambda c: c["rows"])
    seen = [c for c in measured["per_class"] if c["rows"]]
    return {
        "rows": rows,
        "right": right,
        "wrong": rows - right,
        "interval": interval(right, rows),
        "largest": largest["label"],
        "largest_share": largest["rows"] / max(rows, 1),
        "weakest": min(seen, key=lambda c: c["f1"]) if seen else None,
    }


def classes(run: RunFiles) -> list[dict[str, Any]]:
    """The figures a class with its number, in the order of the matrix; where there is none, the weakest first."""
    numbered = [{"number": k, **c} for k, c in enumerate(run.metrics["validation"]["per_class"], 1)]
    if len(numbered) > LARGEST_MATRIX:
        numbered.sort(key=lambda c: (not c["rows"], c["f1"]))
    return numbered


def matrix(run: RunFiles) -> list[list[dict[str, Any]]]:
    """The confusion matrix as cells: rows of a class (truth) that were given each class; [] if there are too many.

    `shade` is the square root of the share: a mistake in every hundredth row must still be seen.
    """
    counts = run.metrics["validation"]["confusion"]
    if len(counts) > LARGEST_MATRIX:
        return []
    cells = []
    for truth, row in enumerate(counts):
        total = max(sum(row), 1)
        cells.append(
            [
                {"count": n, "share": n / total, "shade": round((n / total) ** 0.5, 2), "hit": truth == k}
                for k, n in enumerate(row)
            ]
        )
    return cells


def confused_pairs(run: RunFiles) -> list[dict[str, Any]]:
    """What was taken for what, the most rows first: ten pairs beside a matrix, forty instead of one."""
    measured = run.metrics["validation"]
    labels = [c["label"] for c in measured["per_class"]]
    pairs = [
        {"truth": labels[i], "prediction": labels[j], "rows": n, "of": sum(row)}
        for i, row in enumerate(measured["confusion"])
        for j, n in enumerate(row)
        if n and i != j
    ]
    pairs.sort(key=lambda p: (-p["rows"], p["of"]))
    return pairs[: 10 if len(labels) <= LARGEST_MATRIX else 40]
