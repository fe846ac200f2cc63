"""After validation the held-out rows are learned too."""

from __future__ import annotations

import importlib
from typing import Any

from mmkeras.config.config import Config
from mmkeras.models import MODELS
from mmkeras.models.core import make_variables
from mmkeras.tasks import TASKS
from mmkeras.tasks.prediction.material import TrainingData


def refit_on_validation(model: Any, config: Config, material: TrainingData) -> bool:
    """Learn the held-out rows too, once they have chosen the epoch and the temperature and measured the model.

    A few epochs over them alone, the rate beginning anew, but the table's row rates as they are: what is well known
    moves little. It was worth as much as training anew on all rows, in a third of the time (docs/recipe.md).
    False for a model that has no such step.
    """
    recipe = importlib.import_module(MODELS[config.model.model])
    if not recipe.FOLD_EPOCHS:
        return False
    held_out = material.batches(
        "validation", config.training.batch_size or recipe.BATCH_SIZE, config, config.training.seed + 1
    )
    learned = model.optimizer
    task = importlib.import_module(TASKS[material.targets.task])
    recipe.compile_model(model, config, len(held_out) * recipe.FOLD_EPOCHS, task.loss(config), task.metrics())
    make_variables(model)
    for new, old in zip(model.optimizer.variables, learned.variables, strict=True):
        if old is not learned.iterations:
            new.assign(old)
    model.fit(held_out.dataset(), epochs=recipe.FOLD_EPOCHS, callbacks=[held_out], shuffle=False, verbose=0)
    return True


def learn_held_out(core: Any, config: Config, material: Any, pooled: Any, log: Any) -> bool:
    """Train on the held-out rows, or count their words, after validation. True where the model has changed."""
    from mmkeras.tasks.prediction.naive_bayes import refit_naive_bayes

    # a file of their own is what rows are measured on again and again: it is not learned
    if not config.training.fold or config.data.validation:
        return False
    folded = refit_on_validation(core.model, config, material)
    balanced = config.training.class_weight == "balanced"
    counted = pooled is not None and refit_naive_bayes(core, material, pooled, balanced)
    if folded or counted:
        rows, what = len(material.encoded["validation"]), "trained on them" if folded else "counted their words"
        log(f"validated on {rows} held-out rows, then {what} as well (--no-fold to skip)")
    return folded or counted
