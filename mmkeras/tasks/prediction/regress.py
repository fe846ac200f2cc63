"""The task `regress`: raw inputs -> numbers, in the units of the CSV."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Training
from mmkeras.tasks.prediction.load import ANSWERS, assets, graphs
from mmkeras.tasks.prediction.samples import samples
from mmkeras.tasks.prediction.training import build, evaluate, prepare, summary

__all__ = [  # of the protocol Task; ANSWER: the name of the answer among the outputs of `predict`
    "ANSWER",
    "ANSWERS",
    "MONITOR",
    "assets",
    "build",
    "evaluate",
    "graphs",
    "prepare",
    "samples",
    "summary",
]

ANSWER = "values"
MONITOR = ("loss", "min")


def row_weights(targets: np.ndarray, training: Training) -> None:
    """None: numbers have no classes to weight."""
    return


def loss(training: Training) -> Any:
    """Huber's loss (1964) of the standardised numbers: squared near the truth, linear for outliers."""
    return keras.losses.Huber(delta=2.0)


def metrics() -> list[Any]:
    """The figures of an epoch's line, beside the loss: the mean error in standard deviations of the target."""
    return [keras.metrics.MeanAbsoluteError(name="mae")]


def answer(logits: Any, targets: Any) -> Any:
    """Standardised numbers [b, targets] -> numbers in the units of the CSV."""
    deviation, mean = (np.array([numbers], "float32") for numbers in (targets.deviation, targets.mean))
    return ops.cast(logits, "float32") * deviation + mean
