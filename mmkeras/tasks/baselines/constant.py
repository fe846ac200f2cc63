"""The answer that is the same for every row: the most frequent class, each label's more frequent answer, the mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from mmkeras.config.tasks import line_of
from mmkeras.data.targets.targets import Targets


def constant(targets: Targets, train: np.ndarray) -> tuple[str, np.ndarray]:
    """The baseline's title, and its answer to every row, float [outputs], as the exported graph would give it.

    train: the training rows' targets, of `Targets.truth`.
    """
    return line_of(CONSTANTS, targets.task)(targets, train)


def _most_frequent(targets: Targets, train: np.ndarray) -> tuple[str, np.ndarray]:
    answer = np.zeros(targets.outputs)
    answer[np.bincount(train, minlength=targets.outputs).argmax()] = 1.0
    return "most frequent class", answer


def _each_label(targets: Targets, train: np.ndarray) -> tuple[str, np.ndarray]:
    return "each label's more frequent answer", (train.mean(axis=0) > 0.5).astype("float64")


def _mean(targets: Targets, train: np.ndarray) -> tuple[str, np.ndarray]:
    return "always the mean", train.mean(axis=0)


CONSTANTS: Final[dict[str, Callable[[Targets, np.ndarray], tuple[str, np.ndarray]]]] = {
    "classify": _most_frequent,
    "multilabel": _each_label,
    "regress": _mean,
}
"""Task -> its constant answer (looked up by `line_of`)."""


def median_error(task: str, train: np.ndarray, truth: np.ndarray) -> dict[str, Any]:
    """Of numbers, `median_mae`: the mean absolute error of always answering the median, which has the smallest."""
    if CONSTANTS.get(task) is not _mean:
        return {}
    return {"median_mae": float(np.abs(truth - np.median(train, axis=0)).mean())}
