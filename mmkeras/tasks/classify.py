"""The task `classify`: raw inputs -> class probabilities."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config import Config
from mmkeras.graph import Graph, Input
from mmkeras.modalities.text.bag import ByOrder
from mmkeras.modalities.text.modality import TextLayers, TextState


def row_weights(truth: np.ndarray, config: Config) -> np.ndarray | None:
    """float32 [n]: n / (classes * rows of the row's class), so that rare classes count as much as frequent ones."""
    if config.class_weight == "none":
        return None
    rows = np.bincount(truth)
    return (len(truth) / ((rows > 0).sum() * rows[truth])).astype("float32")


def predict_graph(
    core: keras.Model, states: dict[str, TextState], columns: dict[str, str], facts: dict[str, Any]
) -> Graph:
    """The Graph `predict`: raw bytes of each column -> probabilities, and the ids of what was recognised.

    states: adapted state of each input; columns: the CSV column of each; facts: labels, target, versions.
    """
    raw: dict[str, Any] = {}
    bags: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    for name, state in states.items():
        raw[name] = keras.Input((None,), dtype="uint8", name=name)
        rows, weights = TextLayers(state, name)(raw[name])
        bags |= {f"{name}_rows": rows, f"{name}_weights": weights}
        outputs[f"{name}_ids"] = ByOrder(state.rule.orders, name=f"{name}_ids")(rows)
    outputs["probabilities"] = ops.softmax(ops.cast(core(bags), "float32"))
    facts = dict(facts)
    labels = tuple(facts.pop("labels"))
    ids = [
        {"name": f"{n}_ids", "dtype": "int32", "shape": ["batch", s.rule.orders, "tokens"]} for n, s in states.items()
    ]
    return Graph(
        name="predict",
        model=keras.Model(raw, outputs, name="predict"),
        inputs=tuple(Input(n, columns[n], "text", "uint8", s.rule.max_bytes) for n, s in states.items()),
        outputs=({"name": "probabilities", "dtype": "float32", "shape": ["batch", len(labels)], "of": "labels"}, *ids),
        labels=labels,
        facts=facts,
    )
