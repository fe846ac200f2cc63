"""Features -> a trained core: build, `model.fit`, and at last, where the model can, learn the held-out rows too."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.callbacks import BestAndResume, EpochLines, tensorboard
from mmkeras.config import Config
from mmkeras.features import Batches
from mmkeras.modalities import Modality
from mmkeras.models import MODELS, VECTORS
from mmkeras.models.core import Core, build_core
from mmkeras.sides import Side
from mmkeras.targets import Targets
from mmkeras.tasks import TASKS

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class Material:
    """What is learned from: adapted columns, and for each side of the split the features of its rows and their truth.

    encoded: side -> float32 [n, outputs], as the loss takes it.
    """

    columns: dict[str, Modality]
    sides: dict[str, list[Side]]
    targets: Targets
    encoded: dict[str, np.ndarray]

    def batches(self, side: str, batch_size: int, config: Config, seed: int | None) -> Batches:
        """One side's rows; shuffled and weighted by class only where there is a seed: for training."""
        task = importlib.import_module(TASKS[self.targets.task])
        weights = None if seed is None else task.row_weights(self.encoded[side], config)
        return Batches(self.sides[side], self.encoded[side], batch_size, seed, weights, config.xla)


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


def build_and_fit(config: Config, material: Material, folder: Path, say: Callable[[str], None]) -> tuple[Core, Any]:
    """Build, compile and model.fit. Returns the core with its best weights, and the callback that kept them."""
    recipe = importlib.import_module(MODELS[config.model])
    task = importlib.import_module(TASKS[material.targets.task])
    epochs, batch_size = config.epochs or recipe.EPOCHS, config.batch_size or recipe.BATCH_SIZE
    train = material.batches("train", batch_size, config, config.seed)
    validation = material.batches("validation", EVALUATION_BATCH, config, None)
    with precision(config):
        core = build_core(material.columns, material.targets.outputs, config)
    model = core.model
    for name, column in material.columns.items():
        if (vectors := getattr(column, "vectors", None)) is not None:
            model.get_layer(VECTORS.format(name=name)).table.assign(vectors)
    recipe.compile_model(model, config, len(train) * epochs)
    make_variables(model)
    rows = len(material.encoded["validation"]) if recipe.LATEST_OF_EQUALS else None
    keeper = BestAndResume(folder, config.patience or recipe.PATIENCE, task.MONITOR, rows)
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    callbacks = [train, EpochLines(epochs, say), keeper, *tensorboard(config, folder)]
    if keeper.exhausted or keeper.epochs_done >= epochs:
        keeper.on_train_end()
    else:
        # the order of rows is our own, by seed and epoch
        span = {"shuffle": False, "epochs": epochs, "initial_epoch": keeper.epochs_done}
        model.fit(train.dataset(), validation_data=validation.dataset(), callbacks=callbacks, verbose=0, **span)
    return core, keeper


def make_variables(model: keras.Model) -> None:
    """The optimiser's variables and the metrics': made inside the first step, they would have it traced twice."""
    model.optimizer.build(model.trainable_variables)
    nothing = keras.ops.zeros((1, model.output_shape[-1]))
    model.compute_metrics(None, nothing, nothing)
    model.reset_metrics()


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
    make_variables(model)
    for new, old in zip(model.optimizer.variables, learned.variables, strict=True):
        if old is not learned.iterations:
            new.assign(old)
    model.fit(held_out.dataset(), epochs=recipe.FOLD_EPOCHS, callbacks=[held_out], shuffle=False, verbose=0)
    return True
