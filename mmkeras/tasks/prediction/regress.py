"""The task `regress`: raw inputs -> numbers, in the units of the CSV."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Config
from mmkeras.tasks.prediction.load import ANSWERS, assets, graphs
from mmkeras.tasks.prediction.samples import samples
from mmkeras.tasks.prediction.training import build, evaluate, prepare, summary

__all__ = [  # of the protocol Task; ANSWER is what the graph `predict` calls its answer
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


def row_weights(targets: np.ndarray, config: Config) -> None:
    """There are no classes to weigh."""
    return


def loss(config: Config) -> Any:
    """Huber's loss (1964) of the standardised numbers: squares near the truth, and an outlier does not rule."""
    return keras.losses.Huber(delta=2.0)


def metrics() -> list[Any]:
    """What an epoch's line shows beside the loss: the mean error in standard deviations of the target."""
    return [keras.metrics.MeanAbsoluteError(name="mae")]


def answer(logits: Any, targets: Any) -> Any:
    """Standardised numbers [b, targets] -> those of the CSV."""
    deviation, mean = (np.array([numbers], "float32") for numbers in (targets.deviation, targets.mean))
    return ops.cast(logits, "float32") * deviation + mean
