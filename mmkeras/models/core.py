"""The trained core of a run: features -> logits, whichever model it is."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

import keras

from mmkeras.config.config import Config
from mmkeras.modalities import Modality
from mmkeras.models import MODELS


@dataclass(frozen=True)
class Core:
    """model: features by name, and `<column>_present` where it takes that -> logits [b, outputs].

    parts: column -> [b, outputs], what it says by itself, where the fusion can tell: tensors of the model.
    takes_presence: does it know missing cells?
    """

    model: keras.Model
    parts: dict[str, Any] = field(default_factory=dict)
    takes_presence: bool = False


def build_core(columns: dict[str, Modality], outputs: int, config: Config, exporting: bool = False) -> Core:
    """Build a run's model with random weights.

    exporting: with layers that every format has in place of those that train faster; the weights are the same.
    """
    recipe = importlib.import_module(MODELS[config.model.model])
    if config.model.model == "multimodal":
        model, parts = recipe.build(columns, outputs, config, exporting)
        return Core(model, parts, takes_presence=True)
    bags = {name: column.bag for name, column in columns.items() if column.bag}  # all: such a model reads nothing else
    sizes = {name: bag.n_rows for name, bag in bags.items()}
    dims = {name: bag.vector_dim for name, bag in bags.items() if bag.vector_dim}
    return Core(recipe.build(sizes, outputs, config, dims))


def make_variables(model: keras.Model) -> None:
    """The optimiser's variables and the metrics': made inside the first step, they would have it traced twice."""
    model.optimizer.build(model.trainable_variables)
    nothing = keras.ops.zeros((1, model.output_shape[-1]))
    model.compute_metrics(None, nothing, nothing)
    model.reset_metrics()
