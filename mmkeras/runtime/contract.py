"""The contract in signature.json, of a folder or inside an artefact: every part that code uses is checked here, once.

A contract comes from a file, and a file may be damaged or written by others: its strings become paths and names, its
numbers sizes of arrays, and its labels the answers on every row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, Signature, in_current_form
from mmkeras.metrics.agreement import Words, decide, is_labelled, score_name
from mmkeras.modalities import MODALITIES
from mmkeras.runtime.formats import FORMATS
from mmkeras.system.contained import contained
from mmkeras.system.json_files import NUMBER, Expected, check_shape, parse_json, whole

AGAIN: Final = "Export again."
MOST_ELEMENTS: Final = 2**28
"""Of an array whose sizes stand in a contract: a gigabyte of float32."""
LONGEST: Final = 2**24
"""Bytes of a cell, tokens of a text."""

SIZE = whole(1, 2**31 - 1)
DTYPES = ("bool", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "string")
DTYPE = Expected("the name of a dtype", lambda v: v in DTYPES if isinstance(v, str) else False)
SHAPE = Expected(
    f"a list of names and sizes, of at most {MOST_ELEMENTS:,} elements",
    lambda v: (
        isinstance(v, list)
        and all(isinstance(n, str) or (type(n) is int and 0 < n <= MOST_ELEMENTS) for n in v)
        and math.prod(n for n in v if isinstance(n, int)) <= MOST_ELEMENTS
    ),
)
SIZES = Expected(
    "a list of batch and sizes that are numbers",
    lambda v: SHAPE.test(v) and len(v) > 1 and all(isinstance(n, int) for n in v[1:]),
)
STATE = Expected("a list of batch and two sizes or more", lambda v: SIZES.test(v) and len(v) > 2)
SPEC: Final = {"name": str, "dtype": DTYPE, "shape": SHAPE}
READING: Final = {"notation?": str, "missing?": [str], "not_missing?": [str], "values?": [str]}
"""How the cells of a column are read."""
COLUMN: Final = {
    **SPEC,
    **READING,
    "column": str,
    "max_bytes?": whole(1, LONGEST),
    "max_tokens?": whole(1, LONGEST),
    "columns?": [{**READING, "column": str}],
}
TOKENIZED: Final = {"tokenizer": str, "tokenizer_files": str, "max_tokens": whole(1, LONGEST), "padding": whole(-1, 0)}
BYTES: Final = {"max_bytes": whole(1, LONGEST)}
KEYS: Final[dict[str, dict[str, Any]]] = {
    PRESENCE: {**SPEC, "shape": SIZES, "column": str, "of": str},
    "state": {**SPEC, "shape": STATE, "filled_from?": str, "renewed_from?": str},
    "memory": SPEC,
    "piece": SPEC,
    "pieces": SPEC,
    "position": SPEC,
    "category": COLUMN | BYTES,
    "date": COLUMN | BYTES,
    "image": COLUMN | {"size": whole(1, 8192)},
    "audio": COLUMN | {"shape": SIZES, "rate": whole(1, 10**6), "seconds": NUMBER},
}
"""Kind of an input -> its keys that code uses. A kind of column without a line here has those of COLUMN."""
TARGETS: Final = {
    **{"task": str, "names": [str], "labels": [str], "mean": [NUMBER], "deviation": [NUMBER]},
    **{"notations?": [str], "missing?": [str]},
}
GRAPH: Final = {
    "graph": str,
    "inputs": [{"name": str, "kind": str}],
    "outputs": [SPEC],
    "labels": [str],
    "task": str,
    "target": str,
    "targets?": TARGETS,
    "window?": SIZE,
    "max_target?": whole(1, LONGEST),
    "litert_lengths?": [whole(0, LONGEST)],
}
CALLABLES: Final = {"*": {"path": str, "inputs": [{"name": str}], "outputs": [{"name": str}]}}
FOLDER: Final = {
    "answers": Expected("numbers or texts", lambda v: v in ("numbers", "texts") if isinstance(v, str) else False),
    "task": str,
    "target": str,
    "labels": [str],
    "targets?": TARGETS,
    "graphs": {"*": GRAPH},
    "artefacts": {"*": {"format": str, "paths": {"*": str}, "precision": str, "callables": CALLABLES}},
    "held_out": {"learned_since?": bool, "*": (NUMBER, bool, str)},
    "pieces?": {"kind": str, "size": SIZE},
    "sample_longest?": whole(1, LONGEST),
    "sample_pieces?": [[whole(0, 2**31 - 1)]],
}


def read_contract(content: bytes | str, path: Path, *needed: str) -> dict[str, Any]:
    """The contract inside an artefact, checked. needed: keys of its format. Raises InputError."""
    value = parse_json(content, f"{path}: the contract inside", AGAIN)
    check_shape(value, dict(zip(needed, [list] * len(needed), strict=True)), f"{path}: the contract inside", AGAIN)
    check_graph(value, f"{path}: the contract inside")
    return dict(value)


def check_graph(value: Any, source: str | Path) -> None:
    """Raise InputError where the contract of one graph has not the form that is written, or contradicts itself."""
    check_shape(value, GRAPH, source, AGAIN)
    outputs = [spec["name"] for spec in value["outputs"]]
    inputs = [spec["name"] for spec in value["inputs"]]
    if not outputs or not inputs or len({*outputs}) < len(outputs) or len({*inputs}) < len(inputs):
        raise InputError(f"{source}: the inputs or the outputs of {value['graph']} are absent or repeated. {AGAIN}")
    for k, spec in enumerate(value["inputs"]):
        check_shape(spec, keys_of(spec), source, AGAIN, f"inputs[{k}]")
        if "columns" in spec and [len(spec["columns"])] != spec["shape"][1:2]:
            raise InputError(f"{source}: inputs[{k}] has not as many columns as its shape says. {AGAIN}")
        names = {"of": inputs, "filled_from": outputs, "renewed_from": outputs}
        for key in [key for key in names if key in spec and key in keys_of(spec) | {"filled_from": 1}]:
            if spec[key] not in names[key]:
                raise InputError(f"{source}: inputs[{k}].{key} names {spec[key]!r}, which the graph has not. {AGAIN}")
        if spec["kind"] == "state" and not {"filled_from", "renewed_from"} & spec.keys():
            raise InputError(f"{source}: inputs[{k}] is a state, and no output renews or fills it. {AGAIN}")
    if "targets" in value:
        check_targets(value, source)


def keys_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that code uses of an input of this kind. Raises InputError for an unknown kind."""
    kind = spec["kind"]
    if kind == "text":
        return COLUMN | (TOKENIZED if "tokenizer" in spec else BYTES)
    if kind not in KEYS and kind not in MODALITIES:
        kinds = ", ".join(dict.fromkeys([*MODALITIES, *KEYS]))
        raise InputError(f"unknown kind of input {kind!r}; expected one of {kinds}.")
    return KEYS.get(kind, COLUMN)


def check_targets(value: Mapping[str, Any], source: str | Path) -> None:
    """Raise InputError where targets, labels, task and the answer of a graph's contract do not fit each other."""
    targets, labels = value["targets"], value["labels"]
    try:
        score_name(targets["task"])
    except KeyError:
        raise InputError(f"{source}: its task {targets['task']!r} is unknown. {AGAIN}") from None
    numbers = 0 if is_labelled(targets["task"]) else len(targets["names"])
    width = value["outputs"][0]["shape"][-1:]
    fits = (
        (targets["labels"], targets["task"], targets["names"][:1]) == (labels, value["task"], [value["target"]])
        and len({*labels}) == len(labels)
        and len(targets["mean"]) == len(targets["deviation"]) == numbers
        and all(deviation > 0 for deviation in targets["deviation"])
        and width == [len(labels) if is_labelled(targets["task"]) else numbers]
        and width != [0]
    )
    if not fits:
        raise InputError(
            f"{source}: what it says of its labels, targets, task and outputs does not fit together; a row would get "
            f"another label than the model's. {AGAIN}"
        )


def check_folder(value: Any, folder: Path, source: str | Path) -> None:
    """Raise InputError where a folder's signature.json, in the form that is written now, cannot be used.

    Every path of an artefact must lie in the folder, and be one that its format writes.
    """
    check_shape(value, FOLDER, source, AGAIN)
    if not value["graphs"]:
        raise InputError(f"{source}: it has no graph. {AGAIN}")
    for name, graph in value["graphs"].items():
        check_graph(graph, f"{source}: graphs.{name}")
        if graph["graph"] != name:
            raise InputError(f"{source}: the graph {name} is called {graph['graph']!r} inside. {AGAIN}")
    if value["answers"] == "numbers" and not all("targets" in graph for graph in value["graphs"].values()):
        raise InputError(f"{source}: the targets are absent, although the model answers with numbers. {AGAIN}")
    check_held_out(value, source)
    for key, artefact in value["artefacts"].items():
        check_artefact(artefact, value, folder, f"{source}: artefacts.{key}")


def check_held_out(value: Mapping[str, Any], source: str | Path) -> None:
    """Raise InputError where a folder's task, labels or score are other than those of its graph, or absent."""
    held_out = value["held_out"]
    if value["answers"] == "texts":
        names = list(held_out)[:1]  # the score comes first
    else:
        (first, *_) = value["graphs"].values()
        if (value["task"], value["labels"]) != (first["task"], first["labels"]):
            raise InputError(f"{source}: its task and labels are other than those of its graph. {AGAIN}")
        check_shape(held_out, {"learned_since": bool}, source, AGAIN, "held_out")
        names = [score_name(value["task"])] if held_out["learned_since"] else []
    if value["answers"] == "texts" and not names:
        raise InputError(f"{source}: held_out is empty; expected the score of the held-out rows. {AGAIN}")
    check_shape(held_out, dict.fromkeys(names, NUMBER), source, AGAIN, "held_out")


def check_artefact(artefact: Mapping[str, Any], value: Mapping[str, Any], folder: Path, source: str) -> None:
    """Raise InputError for an unknown format, a graph that is not in the folder, or a path that its format has not."""
    name = artefact["format"]
    if name not in FORMATS:
        raise InputError(f"{source}: unknown format {name!r}; expected one of {', '.join(FORMATS)}.")
    if artefact["paths"].keys() != value["graphs"].keys():
        graphs = ", ".join(value["graphs"])
        raise InputError(f"{source}: it has paths of {', '.join(artefact['paths']) or 'no graph'}, not of {graphs}.")
    for part in artefact["callables"].values():
        contained(folder, part["path"], source)
    for place in artefact["paths"].values():
        path = contained(folder, place, source)
        pattern = FORMATS[name].place
        if not fnmatch(place, pattern) or len(path.relative_to(folder).parts) != len(Path(pattern).parts):
            raise InputError(f"{source}: the path {place!r} is none of {name}; expected {pattern}. {AGAIN}")


def folder_signature(value: Any, folder: Path, source: str | Path) -> Signature:
    """The Signature of a folder from the value of its signature.json, in any form that is read. Raises InputError."""
    try:
        value = in_current_form(value)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{source}: the signature cannot be read ({type(error).__name__}: {error}). {AGAIN}") from None
    check_folder(value, folder, source)
    return Signature.from_json(value)


def decided(signature: Mapping[str, Any], predictions: np.ndarray) -> Words:
    """The answers of a graph in words, and their confidence: what `predict`, Python and `verify` read out of it.

    signature: the contract inside the artefact. predictions: its first output, float [n, outputs].
    Raises InputError for a graph of a model that generates text.
    """
    if "targets" not in signature:
        raise InputError(f"the graph {signature['graph']!r} says nothing of its targets: it does not predict rows.")
    targets = signature["targets"]
    return decide(targets["task"], predictions, targets["labels"])


def differences(inside: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Keys of a contract whose value inside an artefact is another than in signature.json, compared exactly."""
    ignored = {"litert_lengths"}  # of a .tflite alone; each of them is run
    keys: Sequence[str] = sorted((inside.keys() | expected.keys()) - ignored)
    absent = object()
    return [key for key in keys if inside.get(key, absent) != expected.get(key, absent)]
