"""A Graph -> SavedModel for TF Serving: strings and files in `serving_default`, other formats' arrays in `tensors`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmkeras.graph import Graph

Tensor = Any


class GraphModule(tf.Module):
    """What a SavedModel or a converter needs of a Graph: the variables, tracked, and plain functions."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        # Keras' own Variable is no TensorFlow one: untracked, it would be written as an uninitialised resource
        self.weights = [variable.value for variable in graph.model.variables]
        self.graph = graph

    def function(self, batch: int | None = None, n_bytes: int | None = None, fix: bool = False) -> Any:
        """The Graph's concrete function for a batch, a length of byte inputs, and sizes that are fixed or free."""

        def call(**inputs: Tensor) -> dict[str, Tensor]:
            outputs = self.graph.model(inputs, training=False)
            # an identity gives each output a tensor of its own name, which no converter can take away
            return {name: tf.identity(value, name=name) for name, value in outputs.items()}

        specs = {i.name: tf.TensorSpec(i.sizes(batch, n_bytes, fix), i.dtype, i.name) for i in self.graph.inputs}
        return tf.function(call).get_concrete_function(**specs)


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
        if graph.facts["task"] != "classify":
            return {graph.answer: answer}
        return {graph.answer: answer, "prediction": tf.gather(tf.constant(graph.labels), tf.argmax(answer, 1))}

    specs = {s.name: tf.TensorSpec((None, *s.shape), s.dtype, s.name) for _, s in served}
    return tf.function(call).get_concrete_function(**specs)


def export(graph: Graph, folder: Path) -> Path:
    """Write folder/savedmodel/1, the numbered version folder that TF Serving wants. Returns its path."""
    module = GraphModule(graph)
    path = folder / "savedmodel" / "1"
    with tempfile.TemporaryDirectory() as scratch:
        assets = {
            "labels.txt": "\n".join(graph.labels) + "\n",
            "signature.json": json.dumps(graph.signature(), indent=2),
        }
        module.assets = []
        for name, text in assets.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
            module.assets.append(tf.saved_model.Asset(str(Path(scratch) / name)))
        signatures = {"serving_default": serving_function(module), "tensors": module.function()}
        tf.saved_model.save(module, str(path), signatures=signatures)
    (path / "fingerprint.pb").unlink(missing_ok=True)  # differs from one export to the next of the same model
    shutil.rmtree(path / "assets.extra", ignore_errors=True)
    return path
