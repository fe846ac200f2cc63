"""Refit: after validation the model is trained on the held-out rows too."""

from __future__ import annotations

import importlib
from typing import Any

from mmkeras.config.config import Config, Model, Training
from mmkeras.config.folding import folds
from mmkeras.models import MODELS
from mmkeras.models.core import make_variables
from mmkeras.models.heads import Head
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
    if hasattr(old_optimizer, "scales"):
        core_model.optimizer.scales = old_optimizer.scales
    for new, old in zip(core_model.optimizer.variables, old_optimizer.variables, strict=True):
        if old is not old_optimizer.iterations:
            new.assign(old)
    core_model.fit(held_out.dataset(), epochs=recipe.FOLD_EPOCHS, callbacks=[held_out], shuffle=False, verbose=0)
    return True


def refit(core: Any, config: Config, data: Any, ensemble: Any, head: Head | None, log: Any) -> bool:
    """Train on the held-out rows, or fit naive Bayes to them too, if `--fold`. True if the model has changed.

    A small table's linear model is trained anew on all rows: head is the one that the held-out rows chose, if any.
    """
    from mmkeras.tasks.prediction.heads import is_cheap, retrain
    from mmkeras.tasks.prediction.naive_bayes import refit_naive_bayes

    if not folds(config):
        return False
    training = config.training
    if is_cheap(core, data, config):
        batch_size = training.batch_size or importlib.import_module(MODELS[config.model.model]).BATCH_SIZE
        retrain(core, head, data.batches_of_all(batch_size, training, training.seed + 1), config)
        rows = len(data.encoded["validation"])
        log(f"validated on {rows} held-out rows, then trained anew on all rows (--no-fold to skip)")
        return True
    trained = refit_on_validation(core.model, config.model, config.training, data)
    balanced = config.training.class_weight == "balanced"
    counted = ensemble is not None and refit_naive_bayes(core, data, ensemble, balanced)
    if trained or counted:
        rows, step = len(data.encoded["validation"]), "trained on them" if trained else "counted their words"
        log(f"validated on {rows} held-out rows, then {step} as well (--no-fold to skip)")
    return trained or counted
