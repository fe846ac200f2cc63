"""Refit: after validation the model is trained on the held-out rows too."""

from __future__ import annotations

import importlib
from typing import Any

from mmkeras.config.config import Config, Model, Training
from mmkeras.models import MODELS
from mmkeras.models.core import make_variables
from mmkeras.tasks import TASKS
from mmkeras.tasks.prediction.material import TrainingData


def refit_on_validation(core_model: Any, model: Model, training: Training, data: TrainingData) -> bool:
    """Train on the held-out rows, after they have chosen the epoch and the temperature and given the figures.

    A few epochs over these rows alone, with a new learning-rate schedule. The optimiser's state stays, so that rows of
    the tables with many updates change little. The gain equals that of a new training on all rows, in a third of the
    time (docs/recipe.md). False for a model without FOLD_EPOCHS.
    """
    recipe = importlib.import_module(MODELS[model.model])
    if not recipe.FOLD_EPOCHS:
        return False
    held_out = data.batches("validation", training.batch_size or recipe.BATCH_SIZE, training, training.seed + 1)
    old_optimizer = core_model.optimizer
    task = importlib.import_module(TASKS[data.targets.task])
    recipe.compile_model(core_model, training, len(held_out) * recipe.FOLD_EPOCHS, task.loss(training), task.metrics())
    make_variables(core_model)
    for new, old in zip(core_model.optimizer.variables, old_optimizer.variables, strict=True):
        if old is not old_optimizer.iterations:
            new.assign(old)
    core_model.fit(held_out.dataset(), epochs=recipe.FOLD_EPOCHS, callbacks=[held_out], shuffle=False, verbose=0)
    return True


def refit(core: Any, config: Config, data: Any, ensemble: Any, log: Any) -> bool:
    """Train on the held-out rows, or fit naive Bayes to them too, if `--fold`. True if the model has changed."""
    from mmkeras.tasks.prediction.naive_bayes import refit_naive_bayes

    # rows that the user holds out are a fixed benchmark for several trainings: never trained on
    if not config.training.fold or config.data.validation or config.data.split_column:
        return False
    trained = refit_on_validation(core.model, config.model, config.training, data)
    balanced = config.training.class_weight == "balanced"
    counted = ensemble is not None and refit_naive_bayes(core, data, ensemble, balanced)
    if trained or counted:
        rows, step = len(data.encoded["validation"]), "trained on them" if trained else "counted their words"
        log(f"validated on {rows} held-out rows, then {step} as well (--no-fold to skip)")
    return trained or counted
