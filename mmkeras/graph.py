"""The contract of what is deployed: a Graph, raw inputs by name to outputs by name, and the Signature of its folder."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

InputSpec = Mapping[str, Any]  # one of a graph's inputs or outputs: name, dtype, shape, and keys of its kind
Answers = Literal["numbers", "texts"]  # what a model answers with: probabilities or values; texts
FLOAT32 = "float32"  # the precision of an artefact whose key in signature.json is its format alone

# white space of `str.strip` and `str.split`, for regular expressions: TensorFlow's `\s` is ASCII's white space alone
WHITE_SPACE = r"[\s\x{0B}\x{1C}-\x{1F}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
OUTER_SPACE = f"^{WHITE_SPACE}+|{WHITE_SPACE}+$"
PRESENCE = "presence"  # the kind of inputs that tell whether a cell is present
INTERNAL = "internal"  # the key of outputs that prove an artefact and answer no client: token ids


@dataclass(frozen=True)
class Graph:
    """A model with its contract.

    model: Keras model, dict of raw inputs -> dict of outputs.
    outputs: their names, dtypes and meaning, in the order of the signature; the first is the answer.
    metadata: other parts of the contract: task, target, targets, versions, seed.
    row_lengths: of a text in bytes, the fixed lengths for which a format may have a faster function of one row; None:
    as many as the format likes.
    """

    name: str
    model: Any
    inputs: tuple[Input, ...]
    outputs: tuple[dict[str, Any], ...]
    labels: tuple[str, ...]
    metadata: dict[str, Any]
    row_lengths: tuple[int, ...] | None = None

    @property
    def has_budget(self) -> bool:
        """Whether its files are to be small before all."""
        return self.row_lengths is not None

    @property
    def answer(self) -> str:
        """Name of the first output: `probabilities` or `values`."""
        return str(self.outputs[0]["name"])

    def signature(self) -> dict[str, Any]:
        """The contract as JSON: in signature.json, and inside the artefacts."""
        return self.contract.to_json()

    @property
    def contract(self) -> GraphSignature:
        """The contract with a client: inputs, outputs, labels and metadata."""
        inputs = tuple(i.spec() for i in self.inputs)
        return GraphSignature(self.name, inputs, self.outputs, tuple(self.labels), dict(self.metadata))


@dataclass(frozen=True)
class GraphSignature:
    """Inputs and outputs of one graph. metadata: task, target, targets, versions, seed, window."""

    graph: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[InputSpec, ...]
    labels: tuple[str, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The form in signature.json and inside the artefacts."""
        lists = {"inputs": list(self.inputs), "outputs": list(self.outputs), "labels": list(self.labels)}
        return {"graph": self.graph, **lists, **self.metadata}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> GraphSignature:
        """The inverse of `to_json`. Raises KeyError for an absent part."""
        metadata = {key: part for key, part in value.items() if key not in ("graph", "inputs", "outputs", "labels")}
        inputs, outputs, labels = (tuple(value[part]) for part in ("inputs", "outputs", "labels"))
        return cls(value["graph"], inputs, outputs, labels, metadata)


@dataclass(frozen=True)
class CallableSignature:
    """A function of an artefact that clients call: `serving_default`, `predict_80`, … path: of its file in the folder.

    inputs, outputs: name, dtype and shape of each, as the written artefact has them; None for a free size, and for the
    shape of a free rank. `max_bytes`: an input with this key is cut to so many bytes.
    """

    path: str
    inputs: tuple[InputSpec, ...]
    outputs: tuple[InputSpec, ...]


@dataclass(frozen=True)
class Artefact:
    """All graphs in one format and precision. paths: graph -> its path in the folder; callables: by name."""

    format: str
    paths: Mapping[str, str]
    precision: str = FLOAT32
    callables: Mapping[str, CallableSignature] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The artefact's key in signature.json: `tflite`, or with another precision `tflite.int8`."""
        return self.format if self.precision == FLOAT32 else f"{self.format}.{self.precision}"

    @property
    def name(self) -> str:
        """The artefact's name in verify.json: the path of its only graph, or the key where it has several graphs."""
        return next(iter(self.paths.values())) if len(self.paths) == 1 else self.key

    @property
    def files(self) -> tuple[str, ...]:
        """The artefact's paths, each once: a SavedModel holds all graphs."""
        return tuple(dict.fromkeys(self.paths.values()))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Artefact:
        """The inverse of `dataclasses.asdict`."""
        callables = {
            name: CallableSignature(part["path"], tuple(part["inputs"]), tuple(part["outputs"]))
            for name, part in value["callables"].items()
        }
        return cls(value["format"], value["paths"], value["precision"], callables)


@dataclass(frozen=True)
class Signature:
    """signature.json of an exported folder: its graphs, and the artefacts that hold them.

    artefacts: by `Artefact.key`. held_out: the score on the held-out rows, and `learned_since`: whether the model was
    refit on these rows afterwards. metadata: keys of one task alone: targets, max_target, pieces, sample_longest, …
    """

    answers: Answers
    task: str
    target: str
    labels: tuple[str, ...]
    graphs: Mapping[str, GraphSignature]
    artefacts: Mapping[str, Artefact]
    held_out: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The content of signature.json; keys of `metadata` stand beside the others."""
        return {
            "answers": self.answers,
            "task": self.task,
            "target": self.target,
            "labels": list(self.labels),
            **self.metadata,
            "graphs": {name: graph.to_json() for name, graph in self.graphs.items()},
            "artefacts": {key: asdict(artefact) for key, artefact in self.artefacts.items()},
            "held_out": dict(self.held_out),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Signature:
        """The inverse of `to_json`, also for the forms before 0.3. Raises KeyError for an absent part."""
        value = in_current_form(value)
        keys = ("answers", "task", "target", "labels", "graphs", "artefacts", "held_out")
        return cls(
            value["answers"],
            value["task"],
            value["target"],
            tuple(value["labels"]),
            {name: GraphSignature.from_json(graph) for name, graph in value["graphs"].items()},
            {key: Artefact.from_json(artefact) for key, artefact in value["artefacts"].items()},
            value["held_out"],
            {key: part for key, part in value.items() if key not in keys},
        )


def internal_outputs(outputs: Sequence[InputSpec]) -> list[str]:
    """Names of the outputs that answer no client: the token ids of each input, which prove an artefact.

    Folders before 0.3 lack the key: read for one release more.
    """
    return [o["name"] for o in outputs if o.get(INTERNAL) or (INTERNAL not in o and o["name"].endswith("_ids"))]


def graphs_inside(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Name -> contract of each graph, from the signature.json of a folder or a SavedModel.

    Before 0.3 a model with one graph had that graph's keys in place of `graphs`: read for one release more.
    """
    return dict(value["graphs"]) if "graphs" in value else {value["graph"]: value}


def in_current_form(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A folder's signature in the form that is written now. Both forms before 0.3 are read for one release more.

    They had a list of paths for `artefacts`, and neither `answers` nor callables: a model that answers with numbers had
    the keys of its only graph at the top, a model that generates text had `graphs`.
    """
    if "answers" in value:
        return value
    graphs = graphs_inside({key: part for key, part in value.items() if key not in ("artefacts", "held_out")})
    top = {key: part for key, part in value.items() if key not in ("graph", "inputs", "outputs")}
    answers = "texts" if "graphs" in value else "numbers"
    artefacts: dict[str, dict[str, Any]] = {}
    for path in value["artefacts"]:
        name = "savedmodel" if path.startswith("savedmodel/") else path.rpartition(".")[2]
        artefact = artefacts.setdefault(name, {"format": name, "precision": FLOAT32, "paths": {}, "callables": {}})
        stem = path.rpartition(".")[0]
        inside = [graph for graph in graphs if name == "savedmodel" or len(graphs) == 1 or graph == stem]
        artefact["paths"] |= dict.fromkeys(inside, path)
    return {"target": "", "labels": [], **top, "answers": answers, "graphs": graphs, "artefacts": artefacts}


@dataclass(frozen=True)
class Serving:
    """A column as an input of `serving_default`. read: tensor [b, *shape] -> raw input [b, …], presence [b, 1]."""

    name: str
    dtype: str
    read: Callable[[Any], tuple[Any, Any]]
    shape: tuple[int | None, ...] = ()


@dataclass(frozen=True)
class Input:
    """One raw input.

    name: in the formats, ASCII; column: the name of its CSV column, any characters.
    shape: without the batch: numbers, and names of free sizes: `n_bytes`, `n_tokens`, `height`, `width`.
    metadata: other parts of its input_spec in signature.json; `max_bytes` is present where `n_bytes` is free.
    fixed: values of free sizes for formats that need fixed sizes: name -> number.
    """

    name: str
    column: str
    kind: str
    dtype: str
    shape: tuple[int | str, ...]
    metadata: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    serving: Serving | None = None

    @property
    def max_bytes(self) -> int:
        """The longest cell in bytes; 0 for an input that is not of bytes."""
        return int(self.metadata.get("max_bytes", 0))

    def sizes(self, batch: int | None = None, n_bytes: int | None = None, fix: bool = False) -> tuple[int | None, ...]:
        """The shape with the batch, None for free sizes. n_bytes: of byte inputs; fix: use the sizes of `fixed`."""
        sizes: dict[str, int | None] = dict(self.fixed) if fix else {}
        if n_bytes is not None:
            sizes["n_bytes"] = min(n_bytes, self.max_bytes)
        return (batch, *(sizes.get(n) if isinstance(n, str) else n for n in self.shape))

    def read_as(self, reading: Mapping[str, Any]) -> Input:
        """The input with how its cells are read: `notation`, `missing`, `not_missing`."""
        return replace(self, metadata={**self.metadata, **reading})

    def spec(self) -> dict[str, Any]:
        """The input's part of signature.json."""
        shape = ["batch", *self.shape]
        return {"name": self.name, "column": self.column, "kind": self.kind, "dtype": self.dtype, "shape": shape} | (
            self.metadata
        )


def presence(name: str, column: str, count: int = 1) -> Input:
    """The input that tells whether a column's cell is present. count: number of columns of a block."""
    metadata = {
        "of": name,
        "meaning": "1.0 where the cell is present, 0.0 where it is missing and its value is zeros",
    }
    return Input(f"{name}_present", column, PRESENCE, "float32", (count,), metadata)


def columns_in(input_spec: InputSpec) -> list[InputSpec]:
    """An input's columns, an input_spec each: itself, or for a block those of its `columns`, in their order.

    A block is one input of many columns of a kind. Its `columns` has an entry a column: `column`, the name in the CSV,
    and what the input_spec of a single column of this kind has beside name, dtype and shape.
    """
    if "columns" not in input_spec:
        return [input_spec]
    shared = {key: value for key, value in input_spec.items() if key not in ("columns", "shape")}
    return [{**shared, **column} for column in input_spec["columns"]]


def row_signature(graph: str, n_bytes: int) -> str:
    """The name of LiteRT's signature of one row whose texts have `n_bytes`; 0 where the graph has no texts."""
    return f"{graph}_{n_bytes}" if n_bytes else f"{graph}_row"


def input_names(columns: Sequence[str]) -> list[str]:
    """A name for each column that every format accepts: ASCII letters, digits and _, starting with a letter.

    `class` becomes `class_`: the arguments of a SavedModel's signature are those of a Python function.
    """
    names: list[str] = []
    taken = {"probabilities", "prediction", "values", "contributions", "written", "self", *keyword.kwlist}
    for k, column in enumerate(columns):
        name = re.sub(r"\W", "_", column, flags=re.ASCII).strip("_")
        if not name or not name[0].isalpha():
            name = f"input_{k}_{name}".rstrip("_")
        while name in taken:
            name += "_"
        names.append(name)
        # derived names of `photo` must differ from a column that is called `photo_present`
        taken |= {name, f"{name}_present", f"{name}_bytes", f"{name}_ids", f"{name}_sentence"}
    return names
