"""A Graph: one deployable function of a task, raw inputs by name to outputs by name. Exporters know nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Entry = Mapping[str, Any]  # one of signature["inputs"]

# what `str.strip` and `str.split` take for white space, for regular expressions: TensorFlow's own knows ASCII's alone
WHITE_SPACE = r"[\s\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
OUTER_SPACE = f"^{WHITE_SPACE}+|{WHITE_SPACE}+$"
PRESENCE = "presence"  # the kind of the inputs that say whether a cell is there

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


@dataclass(frozen=True)
class Serving:
    """How `serving_default` takes a column. read: a tensor [b, *shape] -> raw input [b, …], presence float32 [b, 1]."""

    name: str
    dtype: str
    read: Callable[[Any], tuple[Any, Any]]
    shape: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Input:
    """One raw input.

    name: what the formats call it; column: the CSV column it is, which may hold any characters.
    shape: behind the batch: numbers, and a name for what is free: `n_bytes`, `n_tokens`, `height`, `width`.
    facts: what a client needs to know of it, for signature.json; `max_bytes` is there where `n_bytes` is free.
    fixed: the sizes of free ones where a format wants them fixed: name -> number.
    """

    name: str
    column: str
    kind: str
    dtype: str
    shape: tuple[int | str, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    serving: Serving | None = None

    @property
    def max_bytes(self) -> int:
        """The longest cell in bytes; 0 for what is not made of bytes."""
        return int(self.facts.get("max_bytes", 0))

    def sizes(self, batch: int | None = None, n_bytes: int | None = None, fix: bool = False) -> tuple[int | None, ...]:
        """The shape with its batch, None where free. n_bytes: of byte inputs; fix: free heights and widths too."""
        sizes: dict[str, int | None] = dict(self.fixed) if fix else {}
        if n_bytes is not None:
            sizes["n_bytes"] = min(n_bytes, self.max_bytes)
        return (batch, *(sizes.get(n) if isinstance(n, str) else n for n in self.shape))

    def entry(self) -> dict[str, Any]:
        """Its part of signature.json."""
        shape = ["batch", *self.shape]
        return {"name": self.name, "column": self.column, "kind": self.kind, "dtype": self.dtype, "shape": shape} | (
            self.facts
        )


def presence(name: str, column: str) -> Input:
    """The input that says whether a column's cell is there."""
    facts = {"of": name, "meaning": "1.0 where the cell is there, 0.0 where it is missing; zeros stand for it then"}
    return Input(f"{name}_present", column, PRESENCE, "float32", (1,), facts)


def row_signature(graph: str, n_bytes: int) -> str:
    """LiteRT's signature of one row whose texts have `n_bytes`; 0 where there are no texts."""
    return f"{graph}_{n_bytes}" if n_bytes else f"{graph}_row"


def input_names(columns: Sequence[str]) -> list[str]:
    """A name for each column that every format accepts: ASCII letters, digits and _, starting with a letter."""
    names: list[str] = []
    taken = {"probabilities", "prediction", "values", "contributions", "written"}
    for k, column in enumerate(columns):
        name = re.sub(r"\W", "_", column, flags=re.ASCII).strip("_")
        if not name or not name[0].isalpha():
            name = f"input_{k}_{name}".rstrip("_")
        while name in taken:
            name += "_"
        names.append(name)
        # `photo` and a column called `photo_present` must not meet
        taken |= {name, f"{name}_present", f"{name}_bytes", f"{name}_ids"}
    return names
