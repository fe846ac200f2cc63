"""A small task, as docs/extending.md shows it: a number that nine of ten rows stay below (Koenker & Bassett 1978).

It is the task `regress` but for its loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from mmkeras.config.config import Training
from mmkeras.tasks.prediction.load import ANSWERS, assets, graphs
from mmkeras.tasks.prediction.regress import ANSWER, MONITOR, answer, metrics, row_weights
from mmkeras.tasks.prediction.samples import samples
from mmkeras.tasks.prediction.training import build, evaluate, prepare, summary

__all__ = [  # of the protocol Task, and of the tasks that answer rows
    "ANSWER",
    "ANSWERS",
    "MONITOR",
    "answer",
    "assets",
    "build",
    "evaluate",
    "graphs",
    "loss",
    "metrics",
    "prepare",
    "row_weights",
    "samples",
    "summary",
]

QUANTILE = np.float32(0.9)


def loss(training: Training) -> Any:
    """The pinball loss of standardised numbers, [b, targets]: an answer that is too low costs nine times as much."""

    def pinball(truth: Any, answered: Any) -> Any:
        below = truth - answered
        return ops.mean(ops.maximum(QUANTILE * below, (QUANTILE - 1) * below), axis=-1)

    return pinball
