"""The held-out rows that travel with the artefacts: raw inputs, the truth, and the trained model's answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import EOS, TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.features.ragged import Ragged
from mmkeras.generation.decoding import Decoded
from mmkeras.modalities.blocks import rows_of
from mmkeras.system.arrays import reading_arrays
from mmkeras.system.json_files import NUMBER, Expected, check_shape, parse_json, whole

SAMPLES = "sample_inputs.npz"
AGAIN = "Export again."
OTHERS = "others."  # before the names of the arrays of rows of other lengths
LONGEST_SCORED = 256  # tokens of a line: the time and memory of `score` grow with their number


@dataclass(frozen=True)
class Samples:
    """Held-out rows of a model that answers with numbers.

    inputs: name -> a value of each row, see `runtime.feeds`. truth: class numbers int [n], or float32 [n, outputs].
    answers: float32 [n, outputs], the model's probabilities or numbers. ids: `<input>_ids` -> trimmed token ids of each
    row. subsets: "image+text" -> the model's answers to the first rows with these modalities alone, float32
    [r, outputs]. words: the model's answers in words, a row each; [] in samples of earlier releases. others: rows of
    other lengths (`verification.lengths`), whole; their truth is unknown. metadata: keys for signature.json; not in the
    samples' file. held_out: the number of all held-out rows, not in the file; 0: these are all.
    """

    inputs: dict[str, list[Any]]
    truth: np.ndarray
    answers: np.ndarray
    ids: dict[str, list[np.ndarray]]
    subsets: dict[str, np.ndarray] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    others: Samples | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    held_out: int = 0

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
    np.savez_compressed(path, **_packed(samples))


def _packed(samples: Samples) -> dict[str, Any]:
    arrays: dict[str, Any] = {"truth": samples.truth, "answers": samples.answers}
    arrays |= pack_inputs(samples.inputs)
    for name, rows in samples.ids.items():
        flat = _flatten(rows)
        arrays |= {f"ids.{name}.starts": flat.starts, f"ids.{name}.values": flat.columns[0]}
        arrays[f"ids.{name}.orders"] = np.array(len(rows[0]))
    arrays |= {f"subset.{name}": answers for name, answers in samples.subsets.items()}
    arrays["words"] = np.array(json.dumps(samples.words, ensure_ascii=False))
    others = {} if samples.others is None else _packed(samples.others)
    return arrays | {f"{OTHERS}{name}": array for name, array in others.items()}


def pack(values: Sequence[Any]) -> dict[str, np.ndarray]:
    """A column's values as plain arrays: `there`, and `numbers`, or `starts` with `bytes` or `samples` (ids, too).

    The values of a block are its columns' values, row after row, and `columns` is their number.
    """
    if values and isinstance(values[0], tuple):
        return {"columns": np.array(len(values[0])), **pack([value for row in values for value in row])}
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
    if "columns" in packed:
        cells = unpack({name: array for name, array in packed.items() if name != "columns"})
        return list(rows_of(cells, int(packed["columns"])))
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


def unpack_inputs(data: Mapping[str, np.ndarray]) -> dict[str, list[Any]]:
    """The inverse of `pack_inputs`, from the arrays of a file that may hold others."""
    packed: dict[str, dict[str, np.ndarray]] = {}
    for key in data:
        if key.startswith("input."):
            name, part = key.removeprefix("input.").rsplit(".", 1)
            packed.setdefault(name, {})[part] = data[key]
    return {name: unpack(arrays) for name, arrays in packed.items()}


def load_samples(path: Path) -> Samples:
    """Read what `save_samples` wrote. Raises InputError when the file is damaged, or an answer is no number."""
    with reading_arrays(path, AGAIN) as data:
        return _unpacked(data, path)


def _unpacked(every: Mapping[str, np.ndarray], path: Path) -> Samples:
    data, others = _parted(every)
    inputs = unpack_inputs(data)
    ids = {}
    for name in [key.split(".", 1)[1].rsplit(".", 1)[0] for key in data if key.endswith(".orders")]:
        starts, values, orders = (data[f"ids.{name}.{part}"] for part in ("starts", "values", "orders"))
        ids[name] = [values[a:b].reshape(int(orders), -1) for a, b in pairwise(starts)]  # [orders, tokens] a row
    subsets = {key.removeprefix("subset."): data[key] for key in data if key.startswith("subset.")}
    words = parse_json(str(data["words"]), path, AGAIN) if "words" in data else []
    check_shape(words, [str], path, AGAIN, "words")
    other_rows = _unpacked(others, path) if others else None
    samples = Samples(inputs, data["truth"], data["answers"], ids, subsets, words, other_rows)
    check_samples(samples, path)
    return samples


def _parted(data: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The arrays of the held-out rows, and those of the rows of other lengths."""
    held_out = {name: data[name] for name in data if not name.startswith(OTHERS)}
    return held_out, {name.removeprefix(OTHERS): data[name] for name in data if name.startswith(OTHERS)}


def check_samples(samples: Samples, path: Path) -> None:
    """Raise InputError where the arrays of sample rows do not belong together, or an answer of the model is NaN."""
    n, answers = len(samples.truth), samples.answers
    columns: list[Any] = [*samples.inputs.values(), *samples.ids.values(), *([samples.words] if samples.words else [])]
    tables = [answers, *samples.subsets.values()]
    if (
        not n
        or samples.truth.dtype.kind not in "iuf"
        or answers.ndim != 2
        or any(len(column) != n for column in [*columns, answers])
        or any(t.dtype != "float32" or t.ndim != 2 or t.shape[1] != answers.shape[1] or len(t) > n for t in tables)
        or not samples.inputs
    ):
        raise InputError(f"{path}: the sample rows are damaged, their arrays do not fit together. {AGAIN}")
    if not all(np.isfinite(table).all() for table in tables):
        raise InputError(f"{path}: some of the trained model's answers are NaN or infinite. Train again.")


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
    others: rows of other lengths (`verification.lengths`), whole, without references.
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
    others: TextSamples | None = None
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
    np.savez_compressed(path, **_packed_texts(samples))


def _packed_texts(samples: TextSamples) -> dict[str, Any]:
    rest = {
        "references": samples.references,
        "written": as_lists(samples.written),
        "prompts": samples.prompts,
        "scored": samples.scored,
        "served": samples.served,
        "ids": samples.ids,
        "subsets": {name: as_lists(texts) for name, texts in samples.subsets.items()},
    }
    others = {} if samples.others is None else _packed_texts(samples.others)
    arrays = {"rest": np.array(json.dumps(rest, ensure_ascii=False)), **pack_inputs(samples.inputs)}
    return arrays | {f"{OTHERS}{name}": array for name, array in others.items()}


TEXT = Expected(
    "a text's token ids and log-probabilities",
    lambda v: (
        isinstance(v, list)
        and len(v) == 2
        and all(isinstance(part, list) for part in v)
        and all(type(token) is int and 0 <= token < 2**31 for token in v[0])
        and all(NUMBER.test(log_p) for log_p in v[1])
    ),
)
TOKENS = [whole(0, 2**31 - 1)]
REST = {
    "references": [[str]],
    "written": [TEXT],
    "prompts": [TOKENS],
    "scored": [[NUMBER]],
    "served": [Expected("a prompt and its tokens", lambda v: isinstance(v, list) and len(v) == 2)],
    "ids": {"*": [[TOKENS]]},
    "subsets": {"*": [TEXT]},
}


def load_text_samples(path: Path) -> TextSamples:
    """Read what `save_text_samples` wrote. Raises InputError when the file is damaged."""
    with reading_arrays(path, AGAIN) as data:
        return _unpacked_texts(data, path)


def _unpacked_texts(every: Mapping[str, np.ndarray], path: Path) -> TextSamples:
    data, others = _parted(every)
    inputs = unpack_inputs(data)
    rest = parse_json(str(data["rest"]), path, AGAIN)
    check_shape(rest, REST, path, AGAIN)
    for served in rest["served"]:
        check_shape(served[:1], [str], path, AGAIN, "served")
        check_shape(served[1], TOKENS, path, AGAIN, "served")
    rest = {key: rest[key] for key in REST}
    written = [Decoded(*parts) for parts in rest.pop("written")]
    subsets = {name: [Decoded(*parts) for parts in texts] for name, texts in rest.pop("subsets").items()}
    served = [(text, ids) for text, ids in rest.pop("served")]
    other_rows = _unpacked_texts(others, path) if others else None
    samples = TextSamples(written=written, inputs=inputs, subsets=subsets, served=served, others=other_rows, **rest)
    n = len(samples)
    rows: list[Any] = [
        written,
        *inputs.values(),
        *samples.ids.values(),
        *filter(None, (samples.prompts, samples.scored)),
    ]
    if not n or any(len(column) != n for column in rows) or any(len(texts) > n for texts in subsets.values()):
        raise InputError(f"{path}: the sample rows are damaged, their parts do not fit together. {AGAIN}")
    return samples
