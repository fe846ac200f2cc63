"""The held-out rows that travel with the artefacts: raw inputs, the truth, and the trained model's answers."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import EOS, TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.features.ragged import Ragged
from mmkeras.generation.decoding import Decoded

LONGEST_SCORED = 256  # pieces of a line: `score` takes time and memory by their number


@dataclass(frozen=True)
class Samples:
    """inputs: name -> a value of each row, see `raw`; truth: class numbers int [n], or float32 [n, outputs].

    answers: float32 [n, outputs], the model's probabilities or numbers. ids: `<input>_ids` -> what `trim` leaves of
    each row. subsets: "image+text" -> the model's answers to the first rows with nothing but those there, float32
    [r, outputs]. facts: what signature.json says of them; not in their file.
    """

    inputs: dict[str, list[Any]]
    truth: np.ndarray
    answers: np.ndarray
    ids: dict[str, list[np.ndarray]]
    subsets: dict[str, np.ndarray] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def what(self) -> str:
        """What they are."""
        return "rows"


def _flatten(rows: Sequence[np.ndarray]) -> Ragged:
    lengths = [row.size for row in rows]
    return Ragged(np.r_[0, np.cumsum(lengths)], (np.concatenate([row.ravel() for row in rows]),))


def save_samples(samples: Samples, path: Path) -> None:
    """Write one compressed .npz."""
    arrays: dict[str, Any] = {"truth": samples.truth, "answers": samples.answers}
    arrays |= pack_inputs(samples.inputs)
    for name, rows in samples.ids.items():
        flat = _flatten(rows)
        arrays |= {f"ids.{name}.starts": flat.starts, f"ids.{name}.values": flat.columns[0]}
        arrays[f"ids.{name}.orders"] = np.array(len(rows[0]))
    arrays |= {f"subset.{name}": answers for name, answers in samples.subsets.items()}
    np.savez_compressed(path, **arrays)


def pack(values: Sequence[Any]) -> dict[str, np.ndarray]:
    """A column's values as plain arrays: `there`, and `numbers`, or `starts` with `bytes` or `samples` (ids, too)."""
    there = np.array([value is not None for value in values])
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {float}:
        return {"there": there, "numbers": np.array([value or 0.0 for value in values], "float64")}
    if kinds <= {bytes}:
        raw = _flatten([np.frombuffer(value or b"", "uint8") for value in values])
        return {"there": there, "starts": raw.starts, "bytes": raw.columns[0]}
    nothing = np.zeros(0, next(value.dtype for value in values if value is not None))
    raw = _flatten([nothing if value is None else value for value in values])
    return {"there": there, "starts": raw.starts, "samples": raw.columns[0]}


def unpack(packed: dict[str, np.ndarray]) -> list[Any]:
    """The inverse of `pack`."""
    if "numbers" in packed:
        values: list[Any] = packed["numbers"].tolist()
    elif "bytes" in packed:
        raw = packed["bytes"].tobytes()
        values = [raw[a:b] for a, b in pairwise(packed["starts"])]
    else:
        values = [packed["samples"][a:b] for a, b in pairwise(packed["starts"])]
    return [value if there else None for value, there in zip(values, packed["there"], strict=True)]


def pack_inputs(inputs: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Every column's values as arrays `input.<name>.<part>`."""
    return {f"input.{name}.{part}": array for name, some in inputs.items() for part, array in pack(some).items()}


def unpack_inputs(data: Any) -> dict[str, list[Any]]:
    """The inverse of `pack_inputs`, out of an open .npz that may hold more."""
    packed: dict[str, dict[str, np.ndarray]] = {}
    for key in data.files:
        if key.startswith("input."):
            name, part = key.removeprefix("input.").rsplit(".", 1)
            packed.setdefault(name, {})[part] = data[key]
    return {name: unpack(arrays) for name, arrays in packed.items()}


def load_samples(path: Path) -> Samples:
    """Read what `save_samples` wrote. Raises InputError when the file is damaged."""
    try:
        return _load_samples(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: the sample rows are damaged ({error}). Export again.") from None


def _load_samples(path: Path) -> Samples:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        inputs = unpack_inputs(data)
        ids = {}
        for name in [key.split(".", 1)[1].rsplit(".", 1)[0] for key in data.files if key.endswith(".orders")]:
            starts, values, orders = (data[f"ids.{name}.{part}"] for part in ("starts", "values", "orders"))
            ids[name] = [values[a:b].reshape(int(orders), -1) for a, b in pairwise(starts)]  # [orders, tokens] a row
        subsets = {key.removeprefix("subset."): data[key] for key in data.files if key.startswith("subset.")}
        return Samples(inputs, data["truth"], data["answers"], ids, subsets)


def scored_pieces(pieces: TargetTokenizer, line: str) -> list[int]:
    """What is scored of a held-out line: its first pieces, END behind them where there is room."""
    return [*pieces.encode(line), EOS][:LONGEST_SCORED]


@dataclass(frozen=True)
class TextSamples:
    """inputs: name -> a value of each row, see `raw`; {} for a language model. references: each row's texts.

    written: the model's greedy text of each row; of a language model what goes on with `prompts` (pieces of each row).
    scored: a language model's log P of each piece of the references. served: some of its prompts as strings, and the
    pieces of each. ids: what `TextGenerator.token_ids` gives. subsets: "image+text" -> the texts of the first rows with
    nothing but those there. facts: what signature.json says of them; not in their file.
    """

    references: list[list[str]]
    written: list[Decoded]
    inputs: dict[str, list[Any]] = field(default_factory=dict)
    prompts: list[list[int]] = field(default_factory=list)
    scored: list[list[float]] = field(default_factory=list)
    served: list[tuple[str, list[int]]] = field(default_factory=list)
    ids: dict[str, list[list[list[int]]]] = field(default_factory=dict)
    subsets: dict[str, list[Decoded]] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.references)

    @property
    def what(self) -> str:
        """What they are."""
        return "lines" if self.prompts else "rows"


def as_lists(written: Sequence[Decoded]) -> list[list[Any]]:
    """For JSON: of each text its pieces, and log P of each."""
    return [[w.ids, w.log_probabilities] for w in written]


def save_text_samples(samples: TextSamples, path: Path) -> None:
    """Write one compressed .npz: arrays for the inputs, JSON for all else."""
    arrays: dict[str, Any] = pack_inputs(samples.inputs)
    rest = {
        "references": samples.references,
        "written": as_lists(samples.written),
        "prompts": samples.prompts,
        "scored": samples.scored,
        "served": samples.served,
        "ids": samples.ids,
        "subsets": {name: as_lists(written) for name, written in samples.subsets.items()},
    }
    np.savez_compressed(path, rest=np.array(json.dumps(rest, ensure_ascii=False)), **arrays)


def load_text_samples(path: Path) -> TextSamples:
    """Read what `save_text_samples` wrote. Raises InputError when the file is damaged."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            inputs = unpack_inputs(data)
            rest = json.loads(str(data["rest"]))
        written = [Decoded(*parts) for parts in rest.pop("written")]
        subsets = {name: [Decoded(*parts) for parts in texts] for name, texts in rest.pop("subsets").items()}
        served = [(text, ids) for text, ids in rest.pop("served")]
        ids = rest.pop("ids")
        return TextSamples(written=written, inputs=inputs, subsets=subsets, served=served, ids=ids, **rest)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: the sample rows are damaged ({error}). Export again.") from None
