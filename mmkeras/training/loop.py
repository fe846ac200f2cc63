"""Features -> a trained core: build, `model.fit`, and at last, where the model can, learn the held-out rows too."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras

from mmkeras.config.config import Config
from mmkeras.models import MODELS, VECTORS
from mmkeras.models.core import Core, build_core, make_variables
from mmkeras.tasks import TASKS
from mmkeras.tasks.prediction.material import EVALUATION_BATCH, Material
from mmkeras.training.callbacks import BestAndResume, EpochLines, tensorboard


@contextlib.contextmanager
def precision(config: Config) -> Iterator[None]:
    """The core computes in 16 bits if asked to. The layers before it count in whole numbers and never do."""
    import tensorflow as tf

    before = keras.config.dtype_policy()
    if config.training.mixed_precision:
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        keras.config.set_dtype_policy("mixed_float16" if on_gpu else "mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_and_fit(config: Config, material: Material, folder: Path, say: Callable[[str], None]) -> tuple[Core, Any]:
    """Build, compile and model.fit. Returns the core with its best weights, and the callback that kept them."""
    recipe = importlib.import_module(MODELS[config.model.model])
    task = importlib.import_module(TASKS[material.targets.task])
    epochs, batch_size = config.training.epochs or recipe.EPOCHS, config.training.batch_size or recipe.BATCH_SIZE
    train = material.batches("train", batch_size, config, config.training.seed)
    validation = material.batches("validation", EVALUATION_BATCH, config, None)
    with precision(config):
        core = build_core(material.columns, material.targets.outputs, config)
    model = core.model
    for name, column in material.columns.items():
        if (vectors := getattr(column, "vectors", None)) is not None:
            model.get_layer(VECTORS.format(name=name)).table.assign(vectors)
    recipe.compile_model(model, config, len(train) * epochs, task.loss(config), task.metrics())
    make_variables(model)
    rows = len(material.encoded["validation"]) if recipe.LATEST_OF_EQUALS else None
    keeper = BestAndResume(folder, config.training.patience or recipe.PATIENCE, task.MONITOR, rows)
    if config.output.resume:
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
