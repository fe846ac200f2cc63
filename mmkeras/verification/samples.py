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

SAMPLES = "sample_inputs.npz"
LONGEST_SCORED = 256  # tokens of a line: the time and memory of `score` grow with their number


@dataclass(frozen=True)
class Samples:
    """Held-out rows of a model that answers with numbers.

    inputs: name -> a value of each row, see `runtime.feeds`. truth: class numbers int [n], or float32 [n, outputs].
    answers: float32 [n, outputs], the model's probabilities or numbers. ids: `<input>_ids` -> trimmed token ids of each
    row. subsets: "image+text" -> the model's answers to the first rows with these modalities alone, float32
    [r, outputs]. metadata: keys for signature.json; not in the samples' file.
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
    def noun(self) -> str:
        """The noun in messages."""
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
    present = np.array([value is not None for value in values])
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {float}:
        return {"there": present, "numbers": np.array([value or 0.0 for value in values], "float64")}
    if kinds <= {bytes}:
        raw = _flatten([np.frombuffer(value or b"", "uint8") for value in values])
        return {"there": present, "starts": raw.starts, "bytes": raw.columns[0]}
    empty = np.zeros(0, next(value.dtype for value in values if value is not None))
    raw = _flatten([empty if value is None else value for value in values])
    return {"there": present, "starts": raw.starts, "samples": raw.columns[0]}


def unpack(packed: dict[str, np.ndarray]) -> list[Any]:
    """The inverse of `pack`."""
    if "numbers" in packed:
        values: list[Any] = packed["numbers"].tolist()
    elif "bytes" in packed:
        raw = packed["bytes"].tobytes()
        values = [raw[a:b] for a, b in pairwise(packed["starts"])]
    else:
        values = [packed["samples"][a:b] for a, b in pairwise(packed["starts"])]
    return [value if present else None for value, present in zip(values, packed["there"], strict=True)]


def pack_inputs(inputs: Mapping[str, Sequence[Any]]) -> dict[str, np.ndarray]:
    """Every column's values as arrays `input.<name>.<part>`."""
    return {f"input.{name}.{part}": array for name, values in inputs.items() for part, array in pack(values).items()}


def unpack_inputs(data: Any) -> dict[str, list[Any]]:
    """The inverse of `pack_inputs`, from an open .npz that may hold other arrays."""
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


def scored_tokens(tokenizer: TargetTokenizer, line: str) -> list[int]:
    """The token ids of a held-out line that are scored: the first LONGEST_SCORED, EOS included."""
    return [*tokenizer.encode(line), EOS][:LONGEST_SCORED]


@dataclass(frozen=True)
class TextSamples:
    """Held-out rows or lines of a model that generates text.

    inputs: name -> a value of each row, see `runtime.feeds`; {} for a language model. references: each row's texts.
    written: the model's greedy text of each row; for a language model the continuation of its `prompts` (token ids).
    scored: a language model's log P of each token of the references. served: prompts as strings, with their token ids.
    ids: see `TextGenerator.token_ids`. subsets: "image+text" -> texts of the first rows with these modalities alone.
    metadata: keys for signature.json; not in the samples' file.
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
    def noun(self) -> str:
        """The noun in messages."""
        return "lines" if self.prompts else "rows"


def as_lists(texts: Sequence[Decoded]) -> list[list[Any]]:
    """Texts for JSON: token ids, and log P of each token."""
    return [[text.ids, text.log_probabilities] for text in texts]


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
        "subsets": {name: as_lists(texts) for name, texts in samples.subsets.items()},
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
