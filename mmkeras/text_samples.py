"""The held-out rows that travel with a model that writes: raw inputs, references, and what the trained model wrote."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.decoding import Written
from mmkeras.errors import InputError
from mmkeras.pieces import END, Pieces
from mmkeras.samples import pack_inputs, unpack_inputs

LONGEST_SCORED = 256  # pieces of a line: `score` takes time and memory by their number


def scored_pieces(pieces: Pieces, line: str) -> list[int]:
    """What is scored of a held-out line: its first pieces, END behind them where there is room."""
    return [*pieces.encode(line), END][:LONGEST_SCORED]


@dataclass(frozen=True)
class TextSamples:
    """inputs: name -> a value of each row, see `raw`; {} for a language model. references: each row's texts.

    written: the model's greedy text of each row; of a language model what goes on with `prompts` (pieces of each row).
    scored: a language model's log P of each piece of the references. served: some of its prompts as strings, and the
    pieces of each. ids: what `Writer.recognised` gives. subsets: "image+text" -> the texts of the first rows with
    nothing but those there.
    """

    references: list[list[str]]
    written: list[Written]
    inputs: dict[str, list[Any]] = field(default_factory=dict)
    prompts: list[list[int]] = field(default_factory=list)
    scored: list[list[float]] = field(default_factory=list)
    served: list[tuple[str, list[int]]] = field(default_factory=list)
    ids: dict[str, list[list[list[int]]]] = field(default_factory=dict)
    subsets: dict[str, list[Written]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.references)


def as_lists(written: Sequence[Written]) -> list[list[Any]]:
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
        written = [Written(*parts) for parts in rest.pop("written")]
        subsets = {name: [Written(*parts) for parts in texts] for name, texts in rest.pop("subsets").items()}
        served = [(text, ids) for text, ids in rest.pop("served")]
        ids = rest.pop("ids")
        return TextSamples(written=written, inputs=inputs, subsets=subsets, served=served, ids=ids, **rest)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: the sample rows are damaged ({error}). Export again.") from None
