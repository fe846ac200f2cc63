"""A Graph: one deployable function of a task, raw inputs by name to outputs by name. Exporters know nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmkeras.inputs import Input, input_names, presence

__all__ = ["Graph", "Input", "input_names", "presence"]


@dataclass(frozen=True)
class Graph:
    """A model with its contract.

    model: Keras model, dict of raw inputs -> dict of outputs.
    outputs: their names, dtypes and meaning, in the order of the signature; the first is the answer.
    facts: what a client should know besides: task, target, labels, versions, seed.
    """

    name: str
    model: Any
    inputs: tuple[Input, ...]
    outputs: tuple[dict[str, Any], ...]
    labels: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def answer(self) -> str:
        """Name of the output that answers: `probabilities` or `values`."""
        return str(self.outputs[0]["name"])

    def signature(self) -> dict[str, Any]:
        """The contract as JSON: signature.json, and inside the artefacts."""
        return {
            "graph": self.name,
            "inputs": [i.entry() for i in self.inputs],
            "outputs": list(self.outputs),
            "labels": list(self.labels),
            **self.facts,
        }
