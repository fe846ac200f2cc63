"""The trained model itself behind the interface of every Runner: the reference of the proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import Pieces
from mmkeras.generation.generator import Writer
from mmkeras.graph import Graph
from mmkeras.runtime.feeds import complete, with_tokenizers


class KerasRunner:
    """The trained model itself behind the interface of every runner."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.signature = graph, graph.signature()

    def __call__(self, inputs: Any, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.graph.model(dict(complete(inputs, self.signature)), training=False)
        return {name: np.asarray(outputs[name]) for name in wanted or outputs}


class TracedRunner:
    """A graph of the trained model behind the interface of every runner; traced, for a text takes many calls."""

    def __init__(self, graph: Graph) -> None:
        from mmkeras.models.traced import traced

        self.signature = graph.signature()
        self.call = traced(graph.model)

    def __call__(self, inputs: Any, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.call(complete(inputs, self.signature))
        return {name: outputs[name] for name in wanted or outputs}


def trained_writer(graphs: dict[str, Graph], pieces: Pieces, folder: Path) -> Writer:
    """The trained model itself, as what writes. folder: where tokenizers of its inputs lie."""
    runners = {name: TracedRunner(graph) for name, graph in graphs.items()}
    for runner in runners.values():
        runner.signature["inputs"] = with_tokenizers(runner.signature["inputs"], [folder])
    return Writer(runners, pieces, {})
