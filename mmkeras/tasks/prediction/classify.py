"""The task `classify`: raw inputs -> class probabilities."""

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
MONITOR = ("accuracy", "max")
LABEL_SMOOTHING = 0.1  # of the multimodal model, if the Config has None


def row_weights(targets: np.ndarray, training: Training) -> np.ndarray | None:
    """float32 [n]: n / (classes * rows of the row's class), so that rare classes count as much as frequent ones.

    targets: one-hot, [n, classes].
    """
    if training.class_weight == "none":
        return None
    truth = targets.argmax(1)
    counts = np.bincount(truth)
    return (len(truth) / ((counts > 0).sum() * counts[truth])).astype("float32")


def loss(training: Training) -> Any:
    """Cross-entropy."""
    smoothing = LABEL_SMOOTHING if training.label_smoothing is None else training.label_smoothing
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def metrics() -> list[Any]:
    """The figures of an epoch's line, beside the loss."""
    return ["accuracy"]


def answer(logits: Any, targets: Any) -> Any:
    """Logits [b, classes] -> probabilities."""
    return ops.softmax(ops.cast(logits, "float32"))
