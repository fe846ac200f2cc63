"""The held-out rows that travel with the artefacts: raw inputs, the truth, and the trained model's answers."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.ragged import Ragged


@dataclass(frozen=True)
class Samples:
    """inputs: name -> raw bytes of each row; truth: int [n] class numbers; outputs: name -> the model's answers.

    probabilities are float32 [n, classes]; of `<input>_ids` each row keeps what `trim` leaves.
    """

    inputs: dict[str, list[bytes]]
    truth: np.ndarray
    probabilities: np.ndarray
    ids: dict[str, list[np.ndarray]]

    def __len__(self) -> int:
        return len(self.truth)


def trim(ids: np.ndarray) -> np.ndarray:
    """Int32 [orders, W] of one row -> int32 [orders, tokens], without the empty places behind the last known feature.

    How many empty places there are depends on how far the text was padded; what stands before them does not.
    """
    known = np.flatnonzero(ids.any(axis=0))
    return ids[:, : known[-1] + 1 if len(known) else 0]


def _flatten(rows: Sequence[np.ndarray]) -> Ragged:
    lengths = [row.size for row in rows]
    return Ragged(np.r_[0, np.cumsum(lengths)], (np.concatenate([row.ravel() for row in rows]),))


def save_samples(samples: Samples, path: Path) -> None:
    """Write one compressed .npz."""
    arrays: dict[str, Any] = {"truth": samples.truth, "probabilities": samples.probabilities}
    for name, cells in samples.inputs.items():
        raw = _flatten([np.frombuffer(cell, "uint8") for cell in cells])
        arrays |= {f"input.{name}.starts": raw.starts, f"input.{name}.bytes": raw.columns[0]}
    for name, rows in samples.ids.items():
        flat = _flatten(rows)
        arrays |= {f"ids.{name}.starts": flat.starts, f"ids.{name}.values": flat.columns[0]}
        arrays[f"ids.{name}.orders"] = np.array(len(rows[0]))
    np.savez_compressed(path, **arrays)


def load_samples(path: Path) -> Samples:
    """Read what `save_samples` wrote. Raises InputError when the file is damaged."""
    try:
        return _load_samples(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: the sample rows are damaged ({error}). Export again.") from None


def _load_samples(path: Path) -> Samples:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        names = [key.split(".", 1)[1].rsplit(".", 1)[0] for key in data.files if key.endswith(".bytes")]
        inputs, ids = {}, {}
        for name in names:
            raw = data[f"input.{name}.bytes"].tobytes()
            starts = data[f"input.{name}.starts"]
            inputs[name] = [raw[a:b] for a, b in pairwise(starts)]
        for name in [key.split(".", 1)[1].rsplit(".", 1)[0] for key in data.files if key.endswith(".orders")]:
            starts, values, orders = (data[f"ids.{name}.{part}"] for part in ("starts", "values", "orders"))
            ids[name] = [values[a:b].reshape(int(orders), -1) for a, b in pairwise(starts)]  # [orders, tokens] a row
        return Samples(inputs, data["truth"], data["probabilities"], ids)
