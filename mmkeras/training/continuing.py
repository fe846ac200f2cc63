"""A training that goes on from a finished run begins with its weights, and at a lower learning rate."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.config.tasks import LEARN_LINES
from mmkeras.models import MODELS
from mmkeras.models.inputs import Temperature
from mmkeras.runs.run import Run
from mmkeras.system.progress import Log
from mmkeras.tasks import Trainable
from mmkeras.tasks.weights import load_weights

RATES: Final = {"wide_deep": 0.5, "mlp": 0.3, "multimodal": 0.1, "generate": 0.1, "language_model": 0.03}
"""Model, or task that has its own, -> share of the model's learning rate with which a training goes on.

Measured: docs/continue_and_compare.md. `generate` has the optimiser of `multimodal`, and its share."""


def at_a_lower_rate(config: Config, log: Log) -> Config:
    """The Config with a lower learning rate than a new model's, unless one is given: a high one would forget."""
    if config.training.learning_rate is not None:
        return config
    share = RATES.get(config.model.task) or RATES[config.model.model]
    rate = share * default_rate(config)
    log(f"learning rate {rate:g}, {share:g} of a new model's, so that little is forgotten (--learning-rate changes it)")
    return config.replace(learning_rate=rate)


def default_rate(config: Config) -> float:
    """The learning rate of a new model."""
    if config.model.task in LEARN_LINES:
        from mmkeras.models.language_model import default_rate as rate_of

        return rate_of(config.generation)
    return float(importlib.import_module(MODELS[config.model.model]).LEARNING_RATE)


def go_on(trained: Trainable, config: Config, start: Run, log: Log) -> dict[str, Any]:
    """Load the weights of the finished run; its figures on the new held-out rows, for metrics.json.

    The temperature is fitted anew, to the new held-out rows.
    """
    # of a compiled model Keras loads the optimiser's state too, whose schedule has ended in runs before 0.3
    optimizer = getattr(trained.saved, "optimizer", None)
    trained.saved.optimizer = None
    load_weights(trained.saved, Path(start.folder) / "model.keras")
    trained.saved.optimizer = optimizer
    for layer in trained.saved.layers:
        if isinstance(layer, Temperature):
            layer.inverse.assign(1.0)
    name = config.training.continue_from
    before = trained.model.evaluate(
        trained.validation.dataset(), callbacks=[*trained.callbacks], verbose=0, return_dict=True
    )
    figures = {key: float(value) for key, value in before.items()}
    words = "  ".join(f"val_{key} {value:.4f}" for key, value in figures.items() if key in ("loss", "accuracy", "mae"))
    log(f"going on from {name}: {words}")
    return {"continued_from": {"folder": name, "learning_rate": config.training.learning_rate, "before": figures}}
