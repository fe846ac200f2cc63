"""The task `multilabel`: raw inputs -> a probability for each label, any number of which may hold."""

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

ANSWER = "probabilities"
MONITOR = ("loss", "min")  # thresholds make a score jump; the loss does not


def row_weights(targets: np.ndarray, config: Config) -> None:
    """Labels are rare or frequent, not rows."""
    return


def loss(config: Config) -> Any:
    """Binary cross-entropy of each label, their mean."""
    return keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=config.training.label_smoothing or 0.0)


def metrics() -> list[Any]:
    """What an epoch's line shows beside the loss: the share of labels that are right."""
    return [keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy")]  # of logits


def answer(logits: Any, targets: Any) -> Any:
    """Logits [b, labels] -> probabilities."""
    return ops.sigmoid(ops.cast(logits, "float32"))
