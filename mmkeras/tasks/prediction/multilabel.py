"""The task `multilabel`: raw inputs -> a probability for each label, any number of which may hold."""

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

ANSWER = "probabilities"
MONITOR = ("loss", "min")  # a score jumps at the threshold; the loss does not


def row_weights(targets: np.ndarray, training: Training) -> None:
    """None: a row has several labels, so it has no weight by class."""
    return


def loss(training: Training) -> Any:
    """The mean binary cross-entropy over the labels."""
    return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=training.label_smoothing or 0.0)


def metrics() -> list[Any]:
    """The figures of an epoch's line, beside the loss: the share of correct labels."""
    return [keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")]  # of logits


def answer(logits: Any, targets: Any) -> Any:
    """Logits [b, labels] -> probabilities."""
    return ops.sigmoid(ops.cast(logits, "float32"))
