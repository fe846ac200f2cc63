"""The core of a run, for every model: features -> logits."""

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
    """model: features by name, and `<column>_present` if `takes_presence` -> logits [b, outputs].

    parts: column -> its part of the logits [b, outputs], tensors of the model; {} if the fusion has none.
    takes_presence: does the model take missing cells?
    """

    model: keras.Model
    parts: dict[str, Any] = field(default_factory=dict)
    takes_presence: bool = False


def build_core(
    columns: dict[str, Modality],
    outputs: int,
    config: Config,
    exporting: bool = False,
    own_fusion: Any = None,
    heads: int = 1,
) -> Core:
    """Build a run's model with random weights.

    exporting: use layers that every format has, in place of layers that train faster; the weights are the same.
    own_fusion: the model of a fusion that the user gave as a function. heads: of `models.heads`, in `wide_deep`.
    """
    recipe = importlib.import_module(MODELS[config.model.model])
    if config.model.model == "multimodal":
        model, parts = recipe.build(columns, outputs, config.model, config.training, exporting, own_fusion)
        return Core(model, parts, takes_presence=True)
    bags = {name: column.bag for name, column in columns.items() if column.bag}  # these models read text alone
    sizes = {name: bag.n_rows for name, bag in bags.items()}
    dims = {name: bag.vector_dim for name, bag in bags.items() if bag.vector_dim}
    if config.model.model != "wide_deep":
        return Core(recipe.build(sizes, outputs, config.text, config.training, dims))
    beside = {name: bag.beside for name, bag in bags.items() if bag.beside}
    prior = all(bag.version >= 2 for bag in bags.values())
    return Core(recipe.build(sizes, outputs, config.text, config.training, dims, beside, prior, heads))


def make_variables(model: keras.Model) -> None:
    """Make the variables of the optimiser and the metrics. Made in the first step, they would cause a second trace."""
    model.optimizer.build(model.trainable_variables)
    answers = keras.ops.zeros((1, *model.output_shape[1:]))  # [1, outputs], or [1, heads, outputs]
    model.compute_metrics(None, keras.ops.zeros((1, model.output_shape[-1])), answers)
    model.reset_metrics()
