"""A Graph as a tf.Module for SavedModel and the converters: tracked variables and plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import tensorflow as tf

from mmkeras.graph import Graph

Tensor = Any
Within = Callable[[], AbstractContextManager[Any]]


class GraphModule(tf.Module):
    """A Graph's variables, tracked, and its concrete functions. without: variables that no function reads."""

    def __init__(self, graph: Graph, without: Sequence[Any] = ()) -> None:
        super().__init__()
        # Keras' Variable is no TensorFlow variable: untracked, it would be saved as an uninitialised resource
        self.weights = [v.value for v in graph.model.variables if not any(v is other for other in without)]
        self.graph = graph

    def function(
        self, batch: int | None = None, n_bytes: int | None = None, fix: bool = False, within: Within = nullcontext
    ) -> Any:
        """The Graph's concrete function for a batch, a length of byte inputs, and sizes that are fixed or free.

        within: makes the context in which the model is called, for each trace.
        """

        def call(**inputs: Tensor) -> dict[str, Tensor]:
            with within():
                outputs = self.graph.model(inputs, training=False)
            # an identity gives each output a tensor with the output's name, which converters keep
            return {name: tf.identity(value, name=name) for name, value in outputs.items()}

        specs = {i.name: tf.TensorSpec(i.sizes(batch, n_bytes, fix), i.dtype, i.name) for i in self.graph.inputs}
        return tf.function(call).get_concrete_function(**specs)
