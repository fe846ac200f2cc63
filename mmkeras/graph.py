"""A Graph: one deployable function of a task, raw inputs by name to outputs by name. Exporters know nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Input:
    """One raw input. kind `text`: uint8 [batch, n_bytes], UTF-8, zero-padded, at most `max_bytes`.

    name: what the formats call it; column: the CSV column it is, which may hold any characters.
    """

    name: str
    column: str
    kind: str
    dtype: str
    max_bytes: int


@dataclass(frozen=True)
class Graph:
    """A model with its contract.

    model: Keras model, dict of raw inputs -> dict of outputs.
    outputs: their names, dtypes and meaning, in the order of the signature.
    facts: what a client should know besides: task, target, labels, versions, seed.
    """

    name: str
    model: Any
    inputs: tuple[Input, ...]
    outputs: tuple[dict[str, Any], ...]
    labels: tuple[str, ...]
    facts: dict[str, Any]

    def signature(self) -> dict[str, Any]:
        """The contract as JSON: signature.json, and inside the artefacts."""
        return {
            "graph": self.name,
            "inputs": [
                {
                    "name": i.name,
                    "column": i.column,
                    "kind": i.kind,
                    "dtype": i.dtype,
                    "shape": ["batch", "n_bytes"],
                    "encoding": "UTF-8, zeros behind",
                    "max_bytes": i.max_bytes,
                    "cut": "before a continuation byte (10xxxxxx), so never inside a character",
                }
                for i in self.inputs
            ],
            "outputs": list(self.outputs),
            "labels": list(self.labels),
            **self.facts,
        }


def input_names(columns: Sequence[str]) -> list[str]:
    """A name for each column that every format accepts: ASCII letters, digits and _, starting with a letter."""
    names: list[str] = []
    for k, column in enumerate(columns):
        name = re.sub(r"\W", "_", column, flags=re.ASCII).strip("_")
        if not name or not name[0].isalpha():
            name = f"input_{k}_{name}".rstrip("_")
        while name in names or name in ("probabilities", "prediction"):
            name += "_"
        names.append(name)
    return names
