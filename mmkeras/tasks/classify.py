"""The task `classify`: bags of features -> class probabilities."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.config import Config
from mmkeras.graph import Graph, Input
from mmkeras.modalities.text.bag import BagEmbedding, ByOrder
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


def compile_core(model: keras.Model, config: Config, steps: int) -> None:
    """Optimiser, loss and metric of the chosen model. steps: an epoch's."""
    rate = config.learning_rate or 30.0
    schedule = keras.optimizers.schedules.PolynomialDecay(rate, steps * epochs_of(config), 0.0)
    model.compile(
        optimizer=keras.optimizers.SGD(schedule),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=config.label_smoothing),
        metrics=["accuracy"],
        jit_compile=config.xla,
    )


def epochs_of(config: Config) -> int:
    """How often the training rows are gone through at most."""
    return config.epochs or 10


def row_weights(truth: np.ndarray, config: Config) -> np.ndarray | None:
    """float32 [n]: n / (classes * rows of the row's class), so that rare classes count as much as frequent ones."""
    if config.class_weight == "none":
        return None
    rows = np.bincount(truth)
    return (len(truth) / ((rows > 0).sum() * rows[truth])).astype("float32")


def predict_graph(core: keras.Model, states: dict[str, TextState], columns: dict[str, str], facts: dict[str, Any]) -> Graph:
    """The Graph `predict`: raw bytes of each column -> probabilities, and the ids of what was recognised.

    states: adapted state of each input; columns: the CSV column of each; facts: labels, target, versions.
    """
    raw, bags, outputs = {}, {}, {}
    for name, state in states.items():
        raw[name] = keras.Input((None,), dtype="uint8", name=name)
        rows, weights = TextLayers(state, name)(raw[name])
        bags |= {f"{name}_rows": rows, f"{name}_weights": weights}
        outputs[f"{name}_ids"] = ByOrder(state.rule.orders, name=f"{name}_ids")(rows)
    outputs["probabilities"] = ops.softmax(ops.cast(core(bags), "float32"))
    facts = dict(facts)
    labels = tuple(facts.pop("labels"))
    return Graph(
        name="predict",
        model=keras.Model(raw, outputs, name="predict"),
        inputs=tuple(Input(n, columns[n], "text", "uint8", s.rule.max_bytes) for n, s in states.items()),
        outputs=(
            {"name": "probabilities", "dtype": "float32", "shape": ["batch", len(labels)], "of": "labels"},
            *({"name": f"{n}_ids", "dtype": "int32", "shape": ["batch", s.rule.orders, "tokens"]} for n, s in states.items()),
        ),
        labels=labels,
        facts=facts,
    )
