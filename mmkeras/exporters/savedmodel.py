"""A Graph -> SavedModel, for TF Serving: strings in `serving_default`, the other formats' arrays in `tensors`."""

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

    def function(self, batch: int | None = None, n_bytes: int | None = None) -> Any:
        """The Graph's concrete function for a batch and a length, None where free."""

        def call(**inputs: Tensor) -> dict[str, Tensor]:
            outputs = self.graph.model(inputs, training=False)
            # an identity gives each output a tensor of its own name, which no converter can take away
            return {name: tf.identity(value, name=name) for name, value in outputs.items()}

        specs = {i.name: tf.TensorSpec((batch, n_bytes), i.dtype, i.name) for i in self.graph.inputs}
        return tf.function(call).get_concrete_function(**specs)


def text_bytes(text: Tensor, max_bytes: int) -> Tensor:
    """String [b] -> uint8 [b, n], zeros behind; a longer text is cut where `cells.cut` would cut it."""
    longest = tf.minimum(tf.maximum(tf.reduce_max(tf.strings.length(text)), 1), max_bytes)
    data = tf.io.decode_raw(text, tf.uint8, fixed_length=longest + 1)  # [b, n + 1]
    ends = tf.cast(tf.bitwise.bitwise_and(data[:, -4:], tf.constant(0xC0, tf.uint8)) == 0x80, tf.int32)
    ends = tf.pad(ends, [[0, 0], [4 - tf.shape(ends)[1], 0]])  # [b, 4]: is the byte at n - 3 … n a continuation?
    back = ends[:, 3] * (1 + ends[:, 2] * (1 + ends[:, 1]))
    kept = tf.range(longest) < tf.maximum(longest - back, longest - 3)[:, None]
    return data[:, :-1] * tf.cast(kept, tf.uint8)


def serving_function(module: GraphModule) -> Any:
    """Strings by column -> probabilities and the label."""
    graph = module.graph
    labels = tf.constant(graph.labels)

    def call(**inputs: Tensor) -> dict[str, Tensor]:
        raw = {i.name: text_bytes(inputs[i.name], i.max_bytes) for i in graph.inputs}
        probabilities = graph.model(raw, training=False)["probabilities"]
        return {"probabilities": probabilities, "prediction": tf.gather(labels, tf.argmax(probabilities, 1))}

    specs = {i.name: tf.TensorSpec((None,), tf.string, i.name) for i in graph.inputs}
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
