"""The task `classify`: bags of features -> class probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.config import Config
from mmkeras.graph import Graph, Input
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.modality import TextLayers, TextRule, TextState


@keras.saving.register_keras_serializable("mmkeras")
class Temperature(layers.Layer):
    """Logits times one number that is fitted on the validation rows after training (Guo et al. 2017)."""

    def build(self, *shapes: Any) -> None:
        self.inverse = self.add_weight(shape=(), initializer="ones", trainable=False, name="inverse")

    def call(self, logits: Any) -> Any:
        return logits * self.inverse


def text_rule(config: Config) -> TextRule:
    """How this task reads a text column."""
    common = {"mode": config.tokens, "max_bytes": config.max_bytes, "max_features": config.max_features, "min_rows": config.min_rows}
    if config.model == "mlp":
        return TextRule(orders=1, weighting="mean", unknown_buckets=256, **common)
    return TextRule(orders=config.ngrams, weighting="tfidf", **common)


def bag_inputs(names: list[str]) -> dict[str, Any]:
    """The trained core's inputs: for each text column int32 rows [b, F] and float32 weights [b, F]."""
    inputs = {}
    for name in names:
        inputs[f"{name}_rows"] = keras.Input((None,), dtype="int32", name=f"{name}_rows")
        inputs[f"{name}_weights"] = keras.Input((None,), dtype="float32", name=f"{name}_weights")
    return inputs


def build_core(sizes: dict[str, int], n_classes: int, config: Config) -> keras.Model:
    """The trained part: bags -> logits [b, classes]. sizes: embedding rows of each text column."""
    inputs = bag_inputs(list(sizes))
    wide = []
    for name, rows in sizes.items():
        bag = inputs[f"{name}_rows"], inputs[f"{name}_weights"]
        wide.append(BagEmbedding(rows, n_classes, name=f"{name}_wide")(*bag))
    logits = wide[0] if len(wide) == 1 else layers.Add(name="sum")(wide)
    logits = Temperature(name="temperature", dtype="float32")(logits)
    return keras.Model(inputs, logits, name="classify")
