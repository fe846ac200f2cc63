"""A Graph without the outputs that answer no client, for `mmkeras export --slim`."""

from __future__ import annotations

from dataclasses import replace

import keras

from mmkeras.graph import Graph, internal_outputs


def without_internal_outputs(graph: Graph) -> Graph:
    """The graph without its internal outputs; its layers and weights are the same."""
    internal = internal_outputs(graph.outputs)
    if not internal:
        return graph
    kept = {name: tensor for name, tensor in graph.model.output.items() if name not in internal}
    model = keras.Model(graph.model.input, kept, name=graph.model.name)
    return replace(graph, model=model, outputs=tuple(o for o in graph.outputs if o["name"] not in internal))
