"""A Graph as a tf.Module for SavedModel and the converters: tracked variables and plain functions."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.graph import Graph

Tensor = Any


class GraphModule(tf.Module):
    """A Graph's variables, tracked, and its concrete functions."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        # Keras' Variable is no TensorFlow variable: untracked, it would be saved as an uninitialised resource
        self.weights = [variable.value for variable in graph.model.variables]
        self.graph = graph

    def function(self, batch: int | None = None, n_bytes: int | None = None, fix: bool = False) -> Any:
        """The Graph's concrete function for a batch, a length of byte inputs, and sizes that are fixed or free."""

        def call(**inputs: Tensor) -> dict[str, Tensor]:
            outputs = self.graph.model(inputs, training=False)
            # an identity gives each output a tensor with the output's name, which converters keep
            return {name: tf.identity(value, name=name) for name, value in outputs.items()}

        specs = {i.name: tf.TensorSpec(i.sizes(batch, n_bytes, fix), i.dtype, i.name) for i in self.graph.inputs}
        return tf.function(call).get_concrete_function(**specs)
