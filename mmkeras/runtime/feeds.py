"""Cells of a CSV -> what a Graph takes, by what its signature says of each input.

A *value* is one cell made ready by the `cells` module of its kind: bytes of a text, a category or a date; pixels uint8
[h, w, 3], or the bytes of a picture's file; samples float32 [n]; a float. None is a cell that is not there. NumPy alone
is loaded until a picture's or a clip's file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import BadCell, InputError
from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.modalities import cells_of
from mmkeras.modalities.media.paths import MediaRoot

Arrays = Mapping[str, np.ndarray]

Values = Mapping[str, Sequence[Any]]  # a value a row, by input


def with_tokenizers(inputs: Iterable[InputSpec], places: Iterable[Path]) -> list[InputSpec]:
    """The inputs; those whose tokenizer runs before the graph know its folder, the first of `places` that has it.

    Raises InputError where none has.
    """
    found: list[InputSpec] = []
    for entry in inputs:
        if "tokenizer" in entry:
            folders = [place / entry["tokenizer_files"] for place in places]
            there = [folder for folder in folders if folder.is_dir()]
            if not there:
                raise InputError(
                    f"{folders[0]}: expected the files of the {entry['tokenizer']} tokenizer that reads "
                    f"{entry['column']!r} before the model does. Keep them beside the artefact, as they were exported."
                )
            entry = {**entry, "tokenizer_folder": str(there[0])}
        found.append(entry)
    return found


def columns_of(inputs: Iterable[InputSpec]) -> list[InputSpec]:
    """The inputs that are columns: all but the presences."""
    return [entry for entry in inputs if entry["kind"] != PRESENCE]


def read_values(cells: Sequence[str], entry: InputSpec, root: MediaRoot) -> tuple[list[Any], dict[int, str]]:
    """One column's cells -> values, and why some could not be read: row -> reason. Those count as missing."""
    return _read_each(cells_of(entry["kind"]).read, cells, entry, root)


def _read_each(
    read: Callable[[str, InputSpec, MediaRoot], Any], cells: Sequence[str], entry: InputSpec, root: MediaRoot
) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = []
    faults: dict[int, str] = {}
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell, entry, root))
        except BadCell as error:
            faults[row] = str(error)
            values.append(None)
    return values, faults


def is_present(value: Any) -> bool:
    """Is a cell there? White space is none."""
    return value is not None and (not isinstance(value, bytes) or bool(value.strip()))


def to_arrays(
    values: Values, inputs: Sequence[InputSpec], index: Iterable[int], hidden: Iterable[str] = ()
) -> dict[str, Any]:
    """Some rows as arrays by name, in the order of `inputs`. hidden: inputs that are left out of all of them."""
    gone, index = set(hidden), list(index)
    rows = {e["name"]: [None if e["name"] in gone else values[e["name"]][i] for i in index] for e in columns_of(inputs)}
    arrays = {}
    for entry in inputs:
        if entry["kind"] == PRESENCE:
            there = [is_present(value) for value in rows[entry["of"]]]
            arrays[entry["name"]] = np.array([there], "float32").T  # [1, b] -> [b, 1]
        else:
            arrays[entry["name"]] = cells_of(entry["kind"]).stack(rows[entry["name"]], entry)
    return arrays


def fill_missing_inputs(inputs: Arrays, signature: Mapping[str, Any]) -> Arrays:
    """The inputs with those that were left out: zeros for a column, and its presence 1.0 or 0.0 as it was given or not.

    Only a model that knows missing cells has presences; one without is asked for all its columns.
    """
    entries = signature["inputs"]
    if len(inputs) == len(entries):
        return inputs
    whole = dict(inputs)
    batch = len(next(iter(whole.values()))) if whole else 1
    for entry in entries:
        name = entry["name"]
        if name in inputs:
            continue
        if entry["kind"] == PRESENCE:
            whole[name] = np.full((batch, 1), float(entry["of"] in inputs), "float32")
        elif not inputs or any(other["kind"] == PRESENCE for other in entries):
            sizes = [n if isinstance(n, int) else entry.get("size", 1) for n in entry["shape"][1:]]
            whole[name] = np.zeros((batch, *sizes), entry["dtype"])
        else:
            raise InputError(
                f"the input {name!r} is not given; expected all of {', '.join(e['name'] for e in entries)}."
            )
    return whole


def pad_bytes(data: np.ndarray, n_bytes: int, filling: int = 0) -> np.ndarray:
    """[batch, n] -> [batch, n_bytes], zeros, or another number, behind."""
    if data.shape[1] == n_bytes:
        return data
    padded = np.full((len(data), n_bytes), filling, data.dtype)
    padded[:, : data.shape[1]] = data
    return padded


def trim(ids: np.ndarray) -> np.ndarray:
    """Int32 [orders, W] of one row -> int32 [orders, tokens], without the empty places behind the last known feature.

    How many empty places there are depends on how far the text was padded; what stands before them does not.
    """
    known = np.flatnonzero(ids.any(axis=0))
    return ids[:, : known[-1] + 1 if len(known) else 0]


def sample_values(cells: list[str], entry: Mapping[str, Any], root: MediaRoot) -> list[Any]:
    """A column's cells as the values that travel with the artefacts. Raises InputError where a file is gone by now."""
    values, faults = _read_each(cells_of(entry["kind"]).sample, cells, entry, root)
    if faults:
        raise InputError(
            f"the held-out row's {entry['column']!r} cannot be read any more: {next(iter(faults.values()))}"
        )
    return values
