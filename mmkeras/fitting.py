"""Features -> a trained core: build, `model.fit`, measure on the held-out rows, and at last learn those too."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.callbacks import BestAndResume, EpochLines
from mmkeras.config import Config
from mmkeras.features import Batches, TextFeatures
from mmkeras.metrics import calibration, classification_metrics, fit_temperature, softmax
from mmkeras.models import MODELS, VECTORS
from mmkeras.tasks.classify import row_weights

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Material:
    """What is learned from. vectors: loaded word vectors a column; truth: int64 class numbers of each side's rows."""

    features: dict[str, TextFeatures]
    vectors: dict[str, np.ndarray]
    truth: dict[str, np.ndarray]
    n_classes: int

    def batches(self, side: str, batch_size: int, config: Config, seed: int | None) -> Batches:
        """One side's rows; shuffled and weighted by class only where there is a seed: for training."""
        sides = [getattr(f, side) for f in self.features.values()]
        one_hot = np.eye(self.n_classes, dtype="float32")[self.truth[side]]
        weights = None if seed is None else row_weights(self.truth[side], config)
        return Batches(sides, one_hot, batch_size, seed, weights, config.xla)


@contextlib.contextmanager
def precision(config: Config) -> Iterator[None]:
    """The core computes in 16 bits if asked to. The layers before it count in whole numbers and never do."""
    import tensorflow as tf

    before = keras.config.dtype_policy()
    if config.mixed_precision:
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        keras.config.set_dtype_policy("mixed_float16" if on_gpu else "mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_and_fit(config: Config, material: Material, folder: Path, say: Callable[[str], None]) -> tuple[Any, Any]:
    """Build, compile and model.fit. Returns the model with its best weights, and the callback that kept them."""
    recipe = importlib.import_module(MODELS[config.model])
    epochs, batch_size = config.epochs or recipe.EPOCHS, config.batch_size or recipe.BATCH_SIZE
    train = material.batches("train", batch_size, config, config.seed)
    validation = material.batches("validation", EVALUATION_BATCH, config, None)
    sizes = {name: f.state.n_rows for name, f in material.features.items()}
    dims = {name: v.shape[1] for name, v in material.vectors.items()}
    with precision(config):
        model = recipe.build(sizes, material.n_classes, config, dims)
    for name, table in material.vectors.items():
        model.get_layer(VECTORS.format(name=name)).table.assign(table)
    recipe.compile_model(model, config, len(train) * epochs)
    keeper = BestAndResume(folder, config.patience or recipe.PATIENCE)
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    callbacks = [train, EpochLines(epochs, say), keeper]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(str(folder / "tensorboard")))
    if keeper.exhausted or keeper.epochs_done >= epochs:
        keeper.on_train_end()
    else:
        # the order of rows is our own, by seed and epoch
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        model.fit(train.dataset(), validation_data=validation.dataset(), callbacks=callbacks, verbose=0, **span)
    return model, keeper


def measure(model: Any, material: Material, labels: list[str]) -> tuple[dict[str, Any], tuple[list[str], np.ndarray]]:
    """Figures on the held-out rows, which nothing has been learned from; the temperature that fits them best.

    Returns the figures, and the label and its probability for each row.
    """
    truth = material.truth["validation"]
    batches = material.batches("validation", EVALUATION_BATCH, Config(), None)
    logits = np.empty((len(truth), len(labels)), "float32")
    logits[np.concatenate(batches.order)] = model.predict(batches.dataset(), verbose=0)
    temperature = fit_temperature(logits, truth)
    before, after = softmax(logits), softmax(logits / temperature)
    figures = {
        "validation": classification_metrics(truth, after.argmax(1), labels),
        "calibration": {
            "temperature": temperature,
            "before": calibration(before, truth),
            "after": calibration(after, truth),
        },
        "folded": False,
    }
    return figures, ([labels[k] for k in after.argmax(1)], after.max(1))


def fold_held_out(model: Any, config: Config, material: Material) -> bool:
    """Learn the held-out rows too, once they have chosen the epoch and the temperature and measured the model.

    A few epochs over them alone, the rate beginning anew, but the table's row rates as they are: what is well known
    moves little. It was worth as much as training anew on all rows, in a third of the time (docs/recipe.md).
    False for a model that has no such step.
    """
    recipe = importlib.import_module(MODELS[config.model])
    if not recipe.FOLD_EPOCHS:
        return False
    held_out = material.batches("validation", config.batch_size or recipe.BATCH_SIZE, config, config.seed + 1)
    learned = model.optimizer
    recipe.compile_model(model, config, len(held_out) * recipe.FOLD_EPOCHS)
    model.optimizer.build(model.trainable_variables)
    for new, old in zip(model.optimizer.variables, learned.variables, strict=True):
        if old is not learned.iterations:
            new.assign(old)
    model.fit(held_out.dataset(), epochs=recipe.FOLD_EPOCHS, callbacks=[held_out], shuffle=False, verbose=0)
    return True
