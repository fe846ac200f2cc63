"""`serving_default` of a model that answers rows: strings, files and numbers in, the answer out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from mmkeras.exporting.graph_module import GraphModule, Tensor
from mmkeras.tasks.assets import Assets

SAYS_THE_LABEL = ("classify",)  # tasks whose answer is one label


def functions(modules: Mapping[str, GraphModule], assets: Assets) -> tuple[dict[str, Any], list[Any]]:
    """What clients can call, by name, and what the SavedModel must track for it: nothing more than the only graph."""
    (module,) = modules.values()
    return {"serving_default": serving_function(module), "tensors": module.function()}, []


def serving_function(module: GraphModule) -> Any:
    """What a web client has, by column: strings, files, numbers -> the answer, and for classes the label.

    A column's presence is no input here: an empty string, or NaN, is what is not there.
    """
    graph = module.graph
    served = [(i, i.serving) for i in graph.inputs if i.serving]
    takes_presence = {i.name for i in graph.inputs}

    def call(**given: Tensor) -> dict[str, Tensor]:
        raw = {}
        for i, serving in served:
            raw[i.name], present = serving.read(given[serving.name])
            if f"{i.name}_present" in takes_presence:
                raw[f"{i.name}_present"] = present
        answer = graph.model(raw, training=False)[graph.answer]
        if graph.metadata["task"] not in SAYS_THE_LABEL:
            return {graph.answer: answer}
        return {graph.answer: answer, "prediction": tf.gather(tf.constant(graph.labels), tf.argmax(answer, 1))}

    specs = {s.name: tf.TensorSpec((None, *s.shape), s.dtype, s.name) for _, s in served}
    return tf.function(call).get_concrete_function(**specs)
