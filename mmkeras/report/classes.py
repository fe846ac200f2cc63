"""The page of a classifier: its accuracy, its weak classes, the classes that it confuses."""

from __future__ import annotations

from typing import Any, Final

from mmkeras.metrics.intervals import wilson as interval
from mmkeras.report.curves import probability_facts
from mmkeras.report.files import RunFiles
from mmkeras.report.held_out import Row
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions
from mmkeras.report.sizes import size_facts
from mmkeras.runs.run import PREDICTION, PROBABILITY

LARGEST_MATRIX: Final = 30
"""Largest number of classes of a readable confusion matrix; with more, the page lists pairs."""


def facts(run: RunFiles) -> dict[str, Any]:
    """The variables of classify.html.j2, without those of every page."""
    return {
        "headline": headline(run),
        "classes": classes(run),
        "matrix": matrix(run),
        "pairs": confused_pairs(run),
        **probability_facts(run),
        "explained": explained(run),
        **size_facts(run),
        "signed": True,  # the contribution of a column to the logit of a class has a sign
        "mistakes": mistakes(run, verdict, signed=True),
        "contributions": contributions(run),
    }


def explained(run: RunFiles) -> dict[str, Any] | None:
    """The n-grams of each class, of the linear part; None for a model without one. `several`: text columns."""
    if not run.explained.get("classes"):
        return None
    rows = []
    for entry in run.explained["classes"]:
        largest = max((weight for _, weight in entry["ngrams"]), default=0.0) or 1.0
        shown = [{"text": text, "share": round(weight / largest, 2)} for text, weight in entry["ngrams"]]
        rows.append({**entry, "ngrams": shown})
    return {"part": run.explained["part"], "several": len({row["column"] for row in rows}) > 1, "rows": rows}


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The class of a row, the predicted class and its probability."""
    return {
        "truth": row[run.targets[0]],
        "prediction": row[PREDICTION],
        "probability": float(row[PROBABILITY]),
    }


def headline(run: RunFiles) -> dict[str, Any]:
    """The figures to read first, and the baseline to compare them with."""
    figures = run.metrics["validation"]
    rows = figures["rows"]
    right = sum(row[k] for k, row in enumerate(figures["confusion"]))
    largest = max(figures["per_class"], key=lambda c: c["rows"])
    present = [c for c in figures["per_class"] if c["rows"]]
    return {
        "rows": rows,
        "right": right,
        "wrong": rows - right,
        "interval": interval(right, rows),
        "largest": largest["label"],
        "largest_share": largest["rows"] / max(rows, 1),
        "weakest": min(present, key=lambda c: c["f1"]) if present else None,
    }


def classes(run: RunFiles) -> list[dict[str, Any]]:
    """The figures and the number of each class, in the order of the matrix; without a matrix, the weakest first."""
    numbered = [{"number": k, **c} for k, c in enumerate(run.metrics["validation"]["per_class"], 1)]
    if len(numbered) > LARGEST_MATRIX:
        numbered.sort(key=lambda c: (not c["rows"], c["f1"]))
    return numbered


def matrix(run: RunFiles) -> list[list[dict[str, Any]]]:
    """The confusion matrix as cells: for each true class, the counts of predicted classes; [] for too many classes.

    `shade` is the square root of the share: a mistake in every hundredth row must stay visible.
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
    """Confused classes, the most frequent pairs first: ten pairs beside a matrix, forty in place of one."""
    figures = run.metrics["validation"]
    labels = [c["label"] for c in figures["per_class"]]
    pairs = [
        {"truth": labels[i], "prediction": labels[j], "rows": n, "of": sum(row)}
        for i, row in enumerate(figures["confusion"])
        for j, n in enumerate(row)
        if n and i != j
    ]
    pairs.sort(key=lambda p: (-p["rows"], p["of"]))
    return pairs[: 10 if len(labels) <= LARGEST_MATRIX else 40]
