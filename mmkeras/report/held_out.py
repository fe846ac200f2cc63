"""validation.csv in one pass: which rows went most wrong, which labels are missed, and the numbers to plot."""

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
from mmkeras.runs.run import PREDICTION, PROBABILITY

MISTAKES_SHOWN: Final = 25
Row = dict[str, str]


@dataclass
class HeldOut:
    """What the held-out rows say.

    wrong: rows that were not answered rightly (none are, where numbers are predicted); worst: MISTAKES_SHOWN of them at
    most, the most confident first, or those with the largest errors.
    missed, added: label -> rows that have it and were not given it, or the other way round; swapped: (the missed, the
    added) of a row. truth, said: float64 [n, targets]. All empty where the task knows no such thing.
    """

    wrong: int = 0
    worst: list[Row] = field(default_factory=list)
    missed: Counter[str] = field(default_factory=Counter)
    added: Counter[str] = field(default_factory=Counter)
    swapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    truth: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    said: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))


def read_held_out(rows: Iterable[Row], targets: dict[str, Any]) -> HeldOut:
    """Read validation.csv's rows, one at a time. targets: schema.json's: task, names, deviation."""
    found = HeldOut()
    read, size = line_of(READERS, targets["task"])
    found.worst = heapq.nlargest(MISTAKES_SHOWN, read(rows, targets, found), key=lambda row: size(row, targets))
    return found


def numbers_of(row: Row, targets: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Truth and prediction of each target."""
    return [float(row[name]) for name in targets["names"]], read_numbers(row[PREDICTION])


def scaled_errors(row: Row, targets: dict[str, Any]) -> list[float]:
    """How far off each target is, in its standard deviations; infinite where the prediction is no number."""
    truth, said = numbers_of(row, targets)
    sizes = [abs(s - t) / d for t, s, d in zip(truth, said, targets["deviation"], strict=True)]
    return [size if size == size else float("inf") for size in sizes]  # NaN is not equal to itself


def _wrong_classes(rows: Iterable[Row], targets: dict[str, Any], found: HeldOut) -> Iterator[Row]:
    for row in rows:
        if row[PREDICTION] != row[targets["names"][0]]:
            found.wrong += 1
            yield row


def _wrong_labels(rows: Iterable[Row], targets: dict[str, Any], found: HeldOut) -> Iterator[Row]:
    for row in rows:
        truth, said = read_labels(row[targets["names"][0]]), read_labels(row[PREDICTION])
        if truth != said:
            found.wrong += 1
            missed, added = sorted(truth - said), sorted(said - truth)
            found.missed.update(missed)
            found.added.update(added)
            found.swapped.update((m, a) for m in missed for a in added)
            yield row


def _numbers(rows: Iterable[Row], targets: dict[str, Any], found: HeldOut) -> Iterator[Row]:
    truth, said = array("d"), array("d")
    for row in rows:
        right, given = numbers_of(row, targets)
        truth.extend(right)
        said.extend(given)
        if right != given:
            yield row
    shape = (-1, len(targets["names"]))
    found.truth, found.said = np.array(truth).reshape(shape), np.array(said).reshape(shape)  # [n, targets]


def _confidence(row: Row, targets: dict[str, Any]) -> float:
    return float(row[PROBABILITY])


def _largest_error(row: Row, targets: dict[str, Any]) -> float:
    return max(scaled_errors(row, targets))


# task -> (which rows are wrong, noting what they say on the way; how bad such a row is)
READERS: Final[dict[str, tuple[Callable[..., Iterator[Row]], Callable[..., float]]]] = {
    "classify": (_wrong_classes, _confidence),
    "multilabel": (_wrong_labels, _confidence),
    "regress": (_numbers, _largest_error),
}
