"""A linear model learns to answer as another does: a small one, of few features, from the one that has all.

The labels are learned by heart in part: the model of all features has features of two or three rows for that. What it
says of a row is what these features are worth beside all others, a better target for the features that are left
(Hinton et al. 2015; docs/small.md has what is gained).
"""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Config
from mmkeras.models.core import Core, make_variables
from mmkeras.models.wide_deep import BATCH_SIZE, EPOCHS, compile_model
from mmkeras.tasks.prediction.heads import start
from mmkeras.tasks.prediction.material import TrainingData

TIMES: Final = 2  # as many epochs as with labels: there is nothing to learn by heart


class SquaredDistance(keras.losses.Loss):
    """The squared distance of logits [b, classes] to others. Its slope is that of the hinge within the margin."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.sum(ops.square(y_pred - y_true), axis=-1)  # [b]


def distil(core: Core, logits: np.ndarray, data: TrainingData, config: Config) -> None:
    """Train a new linear core on the training rows, to say `logits`, float32 [n, classes]."""
    training = config.training
    batches = data.batches("train", training.batch_size or BATCH_SIZE, training, training.seed)
    epochs = TIMES * (training.epochs or EPOCHS)
    compile_model(core.model, training, len(batches) * epochs)
    # the same optimiser with another loss
    core.model.compile(optimizer=core.model.optimizer, loss=SquaredDistance(), jit_compile=training.xla)
    start(core.model, batches)  # by the labels
    batches.targets = logits
    make_variables(core.model)
    core.model.fit(batches.dataset(), epochs=epochs, callbacks=[batches], shuffle=False, verbose=0)
