"""Reads validation.csv in one pass: the worst rows, the missed labels, and the numbers to plot."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mmkeras.config.tasks import line_of
from mmkeras.metrics.agreement import read_labels, read_numbers
from mmkeras.runs.run import MISTAKES_SHOWN, PREDICTION, PROBABILITY

Row = dict[str, str]


@dataclass
class HeldOut:
    """The predictions of the held-out rows. A field that does not apply to the task is empty.

    wrong: number of wrong rows (0 for numbers). worst: at most MISTAKES_SHOWN rows, the most confident mistakes or the
    largest errors first.
    missed: label -> rows of this label where it is not predicted; added: label -> rows without this label where it is
    predicted; swapped: (missed label, added label) -> rows. truth, predicted: float64 [n, targets].
    confidence, correct: of each row the probability of its prediction, and 1 where it is right.
    """

    wrong: int = 0
    worst: list[Row] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    swapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    truth: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    predicted: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    confidence: array[float] = field(default_factory=lambda: array("d"))
    correct: array[int] = field(default_factory=lambda: array("b"))

    def note(self, row: Row, right: bool) -> None:
        """Keep a row's confidence, and whether its prediction is right."""
        self.confidence.append(float(row[PROBABILITY]))
        self.correct.append(right)


def read_held_out(rows: Iterable[Row], targets: dict[str, Any]) -> HeldOut:
    """Read the rows of validation.csv, one at a time. targets: of schema.json, with task, names, deviation."""
    held_out = HeldOut()
    wrong_rows, severity = line_of(READERS, targets["task"])
    mistakes = wrong_rows(rows, targets, held_out)
    held_out.worst = heapq.nlargest(MISTAKES_SHOWN, mistakes, key=lambda row: severity(row, targets))
    return held_out


def numbers_of(row: Row, targets: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Truth and prediction of each target."""
    return [float(row[name]) for name in targets["names"]], read_numbers(row[PREDICTION])


def scaled_errors(row: Row, targets: dict[str, Any]) -> list[float]:
    """Absolute error of each target in its standard deviations; infinite where the prediction is not a number."""
    truth, predicted = numbers_of(row, targets)
    errors = [abs(p - t) / d for t, p, d in zip(truth, predicted, targets["deviation"], strict=True)]
    return [error if error == error else float("inf") for error in errors]  # NaN is not equal to itself


def _wrong_classes(rows: Iterable[Row], targets: dict[str, Any], held_out: HeldOut) -> Iterator[Row]:
    for row in rows:
        right = row[PREDICTION] == row[targets["names"][0]]
        held_out.note(row, right)
        if not right:
            held_out.wrong += 1
            yield row


def _wrong_labels(rows: Iterable[Row], targets: dict[str, Any], held_out: HeldOut) -> Iterator[Row]:
    for row in rows:
        truth, predicted = read_labels(row[targets["names"][0]]), read_labels(row[PREDICTION])
        held_out.note(row, truth == predicted)
        if truth != predicted:
            held_out.wrong += 1
            missed, added = sorted(truth - predicted), sorted(predicted - truth)
            held_out.missed.update(missed)
            held_out.added.update(added)
            held_out.swapped.update((m, a) for m in missed for a in added)
            yield row


def _numbers(rows: Iterable[Row], targets: dict[str, Any], held_out: HeldOut) -> Iterator[Row]:
    truth, predicted = array("d"), array("d")
    for row in rows:
        row_truth, row_predicted = numbers_of(row, targets)
        truth.extend(row_truth)
        predicted.extend(row_predicted)
        if row_truth != row_predicted:
            yield row
    shape = (-1, len(targets["names"]))
    held_out.truth = np.array(truth).reshape(shape)  # [n * targets] -> [n, targets]
    held_out.predicted = np.array(predicted).reshape(shape)  # [n * targets] -> [n, targets]


def _confidence(row: Row, targets: dict[str, Any]) -> float:
    return float(row[PROBABILITY])


def _largest_error(row: Row, targets: dict[str, Any]) -> float:
    return max(scaled_errors(row, targets))


# task -> (yields the wrong rows and fills the HeldOut; severity of such a row)
READERS: Final[dict[str, tuple[Callable[..., Iterator[Row]], Callable[..., float]]]] = {
    "classify": (_wrong_classes, _confidence),
    "multilabel": (_wrong_labels, _confidence),
    "regress": (_numbers, _largest_error),
}
