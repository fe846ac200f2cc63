"""Accuracy and macro-F1, the same two functions for every system. Standard library only."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def accuracy(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Share of rows with the right prediction, from 0 to 1."""
    check_lengths(truth, predicted)
    return sum(t == p for t, p in zip(truth, predicted, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """F1 of each class that occurs in either list, averaged with equal weight (as scikit-learn's `macro`)."""
    check_lengths(truth, predicted)
    right = Counter(t for t, p in zip(truth, predicted, strict=True) if t == p)
    true, positive = Counter(truth), Counter(predicted)
    classes = true.keys() | positive.keys()
    return sum(2 * right[c] / (true[c] + positive[c]) for c in classes) / len(classes)


def check_lengths(truth: Sequence[str], predicted: Sequence[str]) -> None:
    """Raise ValueError unless there are rows, and one prediction a row."""
    if not truth or len(truth) != len(predicted):
        raise ValueError(f"Expected one prediction for each of {len(truth)} rows, received {len(predicted)}.")


def score(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Both figures in per cent."""
    return {
        "accuracy": round(100 * accuracy(truth, predicted), 3),
        "macro_f1": round(100 * macro_f1(truth, predicted), 3),
    }


def read_predictions(path: Path) -> list[str]:
    """The column `prediction` of a CSV, of mmkeras or of a peer. Raises ValueError if the column is absent."""
    csv.field_size_limit(2**31 - 1)  # mmkeras repeats the input columns, and a post can be 160,000 characters long
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if "prediction" not in (rows.fieldnames or []):
            raise ValueError(f"{path}: expected a column 'prediction', found {rows.fieldnames}.")
        return [row["prediction"] for row in rows]
