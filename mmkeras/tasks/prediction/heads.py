"""Which heads a text classifier is trained with, where they start, and the one that the held-out rows choose."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.config.config import Config
from mmkeras.features.batches import Batches
from mmkeras.features.column_features import RaggedFeatures
from mmkeras.metrics.calibration import row_losses
from mmkeras.models import PRIOR, SENTENCE, WIDE
from mmkeras.models.core import Core, build_core, make_variables
from mmkeras.models.heads import Head, heads_of
from mmkeras.models.steps import is_large
from mmkeras.models.wide_deep import BATCH_SIZE, EPOCHS, compile_model
from mmkeras.system.progress import Log
from mmkeras.tasks.prediction.evaluate import run
from mmkeras.tasks.prediction.material import TrainingData
from mmkeras.tasks.prediction.starts import priors_of, scales_of

MOST_SCALED = 2**26  # weights of a table up to which their steps are scaled: the scales are as large as the table
CLEAR = 1.0  # standard errors by which a head must be better than the default one


def is_linear(core: Core) -> bool:
    """Is the model linear with a prior: `wide_deep` without a deep part, and not of a run of version 1?"""
    names = {layer.name for layer in core.model.layers}
    return PRIOR in names and "deep" not in names


def is_cheap(core: Core, data: TrainingData, config: Config) -> bool:
    """Is the model linear, new, and of a table small enough to train it twice?"""
    rows = sum(len(targets) for targets in data.encoded.values())
    return is_linear(core) and not config.training.continue_from and not is_large(rows)


def heads_for(core: Core, data: TrainingData, config: Config) -> tuple[Head, ...]:
    """The heads that are trained side by side; () where one is trained: of a large table, or at a given rate."""
    training = config.training
    if training.learning_rate is not None or not is_cheap(core, data, config):
        return ()
    weights = sum(int(np.prod(layer.table.shape)) for layer in wide_layers(core.model).values())
    return heads_of(weights, training.epochs or EPOCHS, training.batch_size or BATCH_SIZE)


def wide_layers(model: keras.Model) -> dict[str, Any]:
    """Column -> its wide table's layer."""
    ending = WIDE.format(name="")
    return {layer.name.removesuffix(ending): layer for layer in model.layers if layer.name.endswith(ending)}


def tables_of(model: keras.Model) -> dict[str, Any]:
    """Layer's name -> its table: of the n-grams of each column, and of a preset's vector beside them."""
    endings = tuple(layer.format(name="") for layer in (WIDE, SENTENCE))
    return {layer.name: layer.table for layer in model.layers if layer.name.endswith(endings)}


def model_of_heads(core: Core, heads: tuple[Head, ...], data: TrainingData, config: Config) -> keras.Model:
    """The model that `fit` trains: the core itself, or one with all heads in its tables."""
    if len(heads) < 2:
        return core.model
    return build_core(data.columns, data.targets.outputs, config, heads=len(heads)).model


def start(model: keras.Model, batches: Batches) -> None:
    """Set the priors of the classes, and how fast each weight moves, by the rows of the batches.

    model: compiled, its weights zero.
    """
    prior = model.get_layer(PRIOR).prior
    prior.assign(np.broadcast_to(priors_of(batches.targets, batches.row_weights), prior.shape))
    texts = {name: features for features in batches.features for name in features.specs()}
    for name, layer in wide_layers(model).items():
        features = texts[f"{name}_rows"]
        if not isinstance(features, RaggedFeatures) or int(np.prod(layer.table.shape)) > MOST_SCALED:
            continue
        scales = scales_of(features.ragged, batches.targets, layer.table.shape[0])
        model.optimizer.scales[layer.table.path] = tf.constant(scales)


class HeadChoice:
    """When `fit` has ended, copies the head that does best on the held-out rows into the core.

    head: the chosen one; figures: `heads` of metrics.json.
    """

    def __init__(self, model: keras.Model, core: Core, heads: tuple[Head, ...], data: TrainingData) -> None:
        self.model, self.core, self.heads, self.data = model, core, heads, data
        self.head, self.figures = heads[0], dict[str, Any]()

    def __call__(self, log: Log) -> None:
        """Choose and copy.

        Best is the lowest negative log-likelihood, each head at its own temperature: it is of all rows, where an
        accuracy is of those at the border. The default head, the first one, is left where another is better by more
        than a standard error of the difference of their rows.
        """
        heads, data = self.heads, self.data
        if len(heads) < 2:
            log(f"one rate: {heads[0]}, as the table has many weights (--learning-rate trains adagrad at another)")
            return
        logits = run(self.model, data.features["validation"], data)  # [n, heads, classes]
        truth = data.targets.truth(data.split.validation)
        losses = np.stack([row_losses(logits[:, k].astype("float64"), truth) for k in range(len(heads))])  # [heads, n]
        best = better_than_first(losses)
        n_classes = data.targets.outputs
        tables = tables_of(self.model)
        for name, table in tables_of(self.core.model).items():
            table.assign(tables[name][:, best * n_classes : (best + 1) * n_classes])
        self.core.model.get_layer(PRIOR).prior.assign(self.model.get_layer(PRIOR).prior[best])
        right = (logits.argmax(axis=2) == truth[:, None]).mean(axis=0)
        tried = [
            {"method": head.method, "rate": head.rate, "accuracy": float(a), "negative_log_likelihood": float(loss)}
            for head, a, loss in zip(heads, right, losses.mean(axis=1), strict=True)
        ]
        self.head, self.figures = heads[best], {"heads": {"tried": tried, "kept": best}}
        words = ", ".join(f"{head} {loss:.4f}" for head, loss in zip(heads, losses.mean(axis=1), strict=True))
        log(f"rates tried side by side, by their loss on the held-out rows: {words}")
        log(f"kept: {heads[best]} (--learning-rate trains adagrad at one rate alone)")


def better_than_first(losses: np.ndarray) -> int:
    """The head with the lowest mean loss, or 0 where it is not clearly better. losses: float [heads, n]."""
    best = int(losses.mean(axis=1).argmin())
    gains = losses[0] - losses[best]
    return best if gains.mean() > CLEAR * gains.std() / math.sqrt(len(gains)) else 0


def retrain(core: Core, head: Head | None, batches: Batches, config: Config) -> None:
    """Train the core anew on the rows of the batches, by one head, as long as before."""
    for table in tables_of(core.model).values():
        table.assign(tf.zeros_like(table))
    epochs = config.training.epochs or EPOCHS
    heads = () if head is None else (head,)
    compile_model(core.model, config.training, len(batches) * epochs, heads=heads)
    start(core.model, batches)
    make_variables(core.model)
    core.model.fit(batches.dataset(), epochs=epochs, callbacks=[batches], shuffle=False, verbose=0)
