"""The page of a multilabel model: weak labels, missed labels, wrong labels."""

from __future__ import annotations

from typing import Any, Final

from mmkeras.metrics.agreement import read_labels
from mmkeras.metrics.intervals import wilson as interval
from mmkeras.report.curves import probability_facts
from mmkeras.report.files import RunFiles
from mmkeras.report.held_out import Row
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions
from mmkeras.runs.run import PREDICTION, PROBABILITY

IN_THE_ORDER_OF_THE_MODEL: Final = 30
"""With more labels than this, the weakest are listed first."""
PAIRS_SHOWN: Final = 10


def facts(run: RunFiles) -> dict[str, Any]:
    """The variables of multilabel.html.j2, without those of every page."""
    return {
        "headline": headline(run),
        "labels": labels(run),
        "pairs": swapped_labels(run),
        **probability_facts(run),
        "signed": False,
        "mistakes": mistakes(run, verdict, signed=False),
        "contributions": contributions(run),
    }


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The right, missed and added labels of a row, and the confidence of the least certain label."""
    truth, predicted = read_labels(row[run.targets[0]]), read_labels(row[PREDICTION])
    return {
        "right": sorted(truth & predicted),
        "missed": sorted(truth - predicted),
        "added": sorted(predicted - truth),
        "probability": float(row[PROBABILITY]),
    }


def headline(run: RunFiles) -> dict[str, Any]:
    """The figures to read first, and the baseline to compare them with."""
    figures, wrong = run.metrics["validation"], run.held_out.wrong
    rows = figures["rows"]
    present = [label for label in figures["per_label"] if label["rows"]]
    return {
        "rows": rows,
        "right": rows - wrong,
        "wrong": wrong,
        "interval": interval(rows - wrong, rows),
        "always": always_the_same(run),
        "weakest": min(present, key=lambda label: label["f1"]) if present else None,
        "missed": run.held_out.missed.most_common(1),
        "added": run.held_out.added.most_common(1),
    }


def always_the_same(run: RunFiles) -> dict[str, Any]:
    """The baseline: the best micro-F1 of predicting the same most frequent labels for every row."""
    figures = run.metrics["validation"]
    frequent = sorted(figures["per_label"], key=lambda label: -label["rows"])
    support = sum(label["rows"] for label in frequent)
    best: dict[str, Any] = {"labels": [], "micro_f1": 0.0}
    for k in range(1, len(frequent) + 1):
        hits = sum(label["rows"] for label in frequent[:k])
        score = 2 * hits / max(support + k * figures["rows"], 1)
        if score > best["micro_f1"]:
            best = {"labels": [label["label"] for label in frequent[:k]], "micro_f1": score}
    return best


def labels(run: RunFiles) -> list[dict[str, Any]]:
    """The figures, the number and the mistakes of each label; of many labels, the weakest first."""
    numbered = [
        {"number": k, **row, "missed": run.held_out.missed[row["label"]], "added": run.held_out.added[row["label"]]}
        for k, row in enumerate(run.metrics["validation"]["per_label"], 1)
    ]
    if len(numbered) > IN_THE_ORDER_OF_THE_MODEL:
        numbered.sort(key=lambda label: (not label["rows"], label["f1"]))
    return numbered


def swapped_labels(run: RunFiles) -> list[dict[str, Any]]:
    """The most frequent pairs of a missed and an added label of one row."""
    pairs = run.held_out.swapped.most_common(PAIRS_SHOWN)
    return [{"missed": missed, "added": added, "rows": rows} for (missed, added), rows in pairs]
