"""What the figures of a model of many labels say: which are weak, which are missed, which are given wrongly."""

from __future__ import annotations

from typing import Any, Final

from mmkeras.metrics.agreement import read_labels
from mmkeras.report.files import RunFiles
from mmkeras.report.findings import interval
from mmkeras.report.held_out import Row
from mmkeras.report.mistakes import mistakes
from mmkeras.report.modalities import contributions
from mmkeras.runs.run import PREDICTION, PROBABILITY

IN_THE_ORDER_OF_THE_MODEL: Final = 30
"""With more labels than this, the weakest are listed first."""
PAIRS_SHOWN: Final = 10


def facts(run: RunFiles) -> dict[str, Any]:
    """What multilabel.html.j2 shows beside what every page has."""
    return {
        "headline": headline(run),
        "labels": labels(run),
        "pairs": swapped_labels(run),
        "signed": False,
        "mistakes": mistakes(run, verdict, signed=False),
        "contributions": contributions(run),
    }


def verdict(row: Row, run: RunFiles) -> dict[str, Any]:
    """The labels of a row: those that were given, missed and added, and how sure the least certain of them is."""
    truth, predicted = read_labels(row[run.targets[0]]), read_labels(row[PREDICTION])
    return {
        "right": sorted(truth & predicted),
        "missed": sorted(truth - predicted),
        "added": sorted(predicted - truth),
        "probability": float(row[PROBABILITY]),
    }


def headline(run: RunFiles) -> dict[str, Any]:
    """The figures to read first, and what to hold them against."""
    measured, wrong = run.metrics["validation"], run.held_out.wrong
    rows = measured["rows"]
    seen = [label for label in measured["per_label"] if label["rows"]]
    return {
        "rows": rows,
        "right": rows - wrong,
        "wrong": wrong,
        "interval": interval(rows - wrong, rows),
        "always": always_the_same(run),
        "weakest": min(seen, key=lambda label: label["f1"]) if seen else None,
        "missed": run.held_out.missed.most_common(1),
        "added": run.held_out.added.most_common(1),
    }


def always_the_same(run: RunFiles) -> dict[str, Any]:
    """The best micro-F1 of giving every row the same labels, the most frequent ones: what costs nothing."""
    measured = run.metrics["validation"]
    frequent = sorted(measured["per_label"], key=lambda label: -label["rows"])
    support = sum(label["rows"] for label in frequent)
    best: dict[str, Any] = {"labels": [], "micro_f1": 0.0}
    for k in range(1, len(frequent) + 1):
        hits = sum(label["rows"] for label in frequent[:k])
        score = 2 * hits / max(support + k * measured["rows"], 1)
        if score > best["micro_f1"]:
            best = {"labels": [label["label"] for label in frequent[:k]], "micro_f1": score}
    return best


def labels(run: RunFiles) -> list[dict[str, Any]]:
    """The figures a label, with its number and its mistakes; where there are many, the weakest first."""
    numbered = [
        {"number": k, **row, "missed": run.held_out.missed[row["label"]], "added": run.held_out.added[row["label"]]}
        for k, row in enumerate(run.metrics["validation"]["per_label"], 1)
    ]
    if len(numbered) > IN_THE_ORDER_OF_THE_MODEL:
        numbered.sort(key=lambda label: (not label["rows"], label["f1"]))
    return numbered


def swapped_labels(run: RunFiles) -> list[dict[str, Any]]:
    """Labels of one row of which one was missed and the other given: the pairs that occur most often."""
    pairs = run.held_out.swapped.most_common(PAIRS_SHOWN)
    return [{"missed": missed, "added": added, "rows": rows} for (missed, added), rows in pairs]
