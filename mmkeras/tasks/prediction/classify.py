"""The task `classify`: raw inputs -> class probabilities."""

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
MONITOR = ("accuracy", "max")
LABEL_SMOOTHING = 0.1  # of the multimodal model, where the Config leaves it open


def row_weights(targets: np.ndarray, config: Config) -> np.ndarray | None:
    """float32 [n]: n / (classes * rows of the row's class), so that rare classes count as much as frequent ones.

    targets: one-hot, [n, classes].
    """
    if config.training.class_weight == "none":
        return None
    truth = targets.argmax(1)
    rows = np.bincount(truth)
    return (len(truth) / ((rows > 0).sum() * rows[truth])).astype("float32")


def loss(config: Config) -> Any:
    """Cross-entropy."""
    smoothing = LABEL_SMOOTHING if config.training.label_smoothing is None else config.training.label_smoothing
    return keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)


def metrics() -> list[Any]:
    """What an epoch's line shows beside the loss."""
    return ["accuracy"]


def answer(logits: Any, targets: Any) -> Any:
    """Logits [b, classes] -> probabilities."""
    return ops.softmax(ops.cast(logits, "float32"))
