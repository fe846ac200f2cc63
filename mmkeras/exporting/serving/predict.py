"""`serving_default` of a model that answers with numbers: strings, files and numbers in, the answer out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from mmkeras.exporting.graph_module import GraphModule, Tensor
from mmkeras.exporting.serving.request import read_request
from mmkeras.tasks.assets import Assets

RETURNS_A_LABEL = ("classify",)  # tasks whose answer is one label


def functions(modules: Mapping[str, GraphModule], assets: Assets) -> tuple[dict[str, Any], list[Any]]:
    """The functions that clients can call, by name, and the objects that the SavedModel must track for them: none."""
    (module,) = modules.values()
    return {"serving_default": serving_function(module), "tensors": module.function()}, []


def serving_function(module: GraphModule) -> Any:
    """The function of a client's request: strings, files, numbers by column -> the answer, and for classes the label.

    A column's presence is no input here: an empty string, or NaN, is a missing cell.
    """
    graph = module.graph
    columns = [(i, i.serving) for i in graph.inputs if i.serving]
    input_names = {i.name for i in graph.inputs}

    def call(**request: Tensor) -> dict[str, Tensor]:
        raw = {}
        for i, serving in columns:
            raw[i.name], present = read_request(i, request[serving.name])
            if f"{i.name}_present" in input_names:
                raw[f"{i.name}_present"] = present
        answer = graph.model(raw, training=False)[graph.answer]
        if graph.metadata["task"] not in RETURNS_A_LABEL:
            return {graph.answer: answer}
        return {graph.answer: answer, "prediction": tf.gather(tf.constant(graph.labels), tf.argmax(answer, 1))}

    specs = {s.name: tf.TensorSpec((None, *s.shape), s.dtype, s.name) for _, s in columns}
    return tf.function(call).get_concrete_function(**specs)
