"""What a SavedModel or a converter needs of a Graph: tracked variables and plain functions."""

from __future__ import annotations

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
