"""The trained Keras model behind the interface of every Runner: the reference of the verification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.generation.generator import TextGenerator
from mmkeras.graph import Graph
from mmkeras.runtime.answering import failed_answer
from mmkeras.runtime.feeds import fill_missing_inputs, with_tokenizers


class KerasRunner:
    """A graph of the trained model as a Runner. as_function: compile it, for many calls, as for a text."""

    def __init__(self, graph: Graph, as_function: bool = False) -> None:
        self.graph, self.signature = graph, graph.signature()
        self.call: Any = lambda inputs: graph.model(dict(inputs), training=False)
        if as_function:
            from mmkeras.models.traced import as_function as compiled

            self.call = compiled(graph.model)

    def __call__(self, inputs: Any, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        inputs = fill_missing_inputs(inputs, self.signature)
        try:
            outputs = self.call(inputs)
        except Exception as error:
            raise failed_answer("the trained model", error) from error
        return {name: np.asarray(outputs[name]) for name in output_names or outputs}


def trained_generator(graphs: Mapping[str, Graph], tokenizer: TargetTokenizer, folder: Path) -> TextGenerator:
    """The trained model as a TextGenerator. folder: of the files of its inputs' tokenizers."""
    runners = {name: KerasRunner(graph, as_function=True) for name, graph in graphs.items()}
    for runner in runners.values():
        runner.signature["inputs"] = with_tokenizers(runner.signature["inputs"], [folder])
    return TextGenerator(runners, tokenizer)
