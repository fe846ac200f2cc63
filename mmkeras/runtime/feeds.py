"""Cells of a CSV -> a Graph's input arrays, by the inputs of its signature.

A *value* is one cell as the `cells` module of its kind reads it: bytes of a text, a category or a date; pixels uint8
[h, w, 3], or the bytes of a picture's file; samples float32 [n]; a float. None is a missing cell. NumPy alone is loaded
until a picture's or a clip's file is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import BadCell, InputError
from mmkeras.graph import PRESENCE, InputSpec, columns_in
from mmkeras.modalities import cells_of
from mmkeras.modalities.blocks import by_row, flat_values
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.contained import contained

Arrays = Mapping[str, np.ndarray]

Fault = tuple[int, str, str]  # a file's line, or a row's index; the column; the reason
Values = Mapping[str, Sequence[Any]]  # a value a row, by input


def with_tokenizers(inputs: Iterable[InputSpec], places: Iterable[Path]) -> list[InputSpec]:
    """The inputs, with `tokenizer_folder` for a tokenizer that runs before the graph: its files' folder.

    places: folders that may hold the files; the first that has them counts. Raises InputError where none has.
    """
    input_specs: list[InputSpec] = []
    for input_spec in inputs:
        if "tokenizer" in input_spec:
            files = input_spec["tokenizer_files"]
            folders = [contained(place, files, "tokenizer_files") for place in places]
            present = [folder for folder in folders if folder.is_dir()]
            if not present:
                raise InputError(
                    f"{folders[0]}: expected the files of the {input_spec['tokenizer']} tokenizer that reads "
                    f"{input_spec['column']!r} before the model does. "
                    "Keep them beside the artefact, as they were exported."
                )
            input_spec = {**input_spec, "tokenizer_folder": str(present[0])}
        input_specs.append(input_spec)
    return input_specs


def columns_of(inputs: Iterable[InputSpec]) -> list[InputSpec]:
    """The inputs that are columns: all but the presence inputs."""
    return [input_spec for input_spec in inputs if input_spec["kind"] != PRESENCE]


def column_names(inputs: Iterable[InputSpec]) -> list[str]:
    """The CSV columns of all inputs, with those of blocks."""
    return [str(column["column"]) for input_spec in columns_of(inputs) for column in columns_in(input_spec)]


def read_values(cells: Sequence[str], input_spec: InputSpec, root: MediaRoot) -> tuple[list[Any], dict[int, str]]:
    """One column's cells -> values, and the faults: row -> reason. A cell that cannot be read counts as missing."""
    module = cells_of(input_spec["kind"])
    read_all = getattr(module, "read_all", None)  # of kinds that read many cells faster than one by one
    values = read_all(cells, input_spec) if read_all else None
    return (values, {}) if values is not None else _read_each(module.read, cells, input_spec, root)


def read_cells(
    cells: Mapping[str, Sequence[str]], inputs: Sequence[InputSpec], root: MediaRoot, count: int
) -> tuple[dict[str, list[Any]], list[Fault]]:
    """Cells of `count` rows by column -> values by input, and the faults. An absent column counts as empty cells."""
    values: dict[str, list[Any]] = {}
    faults: list[Fault] = []
    for input_spec in columns_of(inputs):
        values[input_spec["name"]], new_faults = _by_column(read_values, cells, input_spec, root, count)
        faults += new_faults
    return values, faults


def _by_column(
    read: Callable[[Sequence[str], InputSpec, MediaRoot], tuple[list[Any], dict[int, str]]],
    cells: Mapping[str, Sequence[str]],
    input_spec: InputSpec,
    root: MediaRoot,
    count: int,
) -> tuple[list[Any], list[Fault]]:
    """`read` for each of an input's columns. The value of a block in a row is a tuple, a value a column."""
    by_column, faults = [], list[Fault]()
    for column_spec in columns_in(input_spec):
        column = str(column_spec["column"])
        values, reasons = read(cells.get(column, [""] * count), column_spec, root)
        by_column.append(values)
        faults += [(row, column, reason) for row, reason in reasons.items()]
    return list(zip(*by_column, strict=True)) if "columns" in input_spec else by_column[0], faults


def _read_each(
    read: Callable[[str, InputSpec, MediaRoot], Any], cells: Sequence[str], input_spec: InputSpec, root: MediaRoot
) -> tuple[list[Any], dict[int, str]]:
    values: list[Any] = []
    faults: dict[int, str] = {}
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell, input_spec, root))
        except BadCell as error:
            faults[row] = str(error)
            values.append(None)
    return values, faults


def is_present(value: Any) -> bool:
    """Is a cell present? White space alone is a missing cell."""
    return value is not None and (not isinstance(value, bytes) or bool(value.strip()))


def to_arrays(
    values: Values, inputs: Sequence[InputSpec], index: Iterable[int], hidden: Iterable[str] = ()
) -> dict[str, Any]:
    """The rows of an index as arrays by name, in the order of `inputs`. hidden: inputs that count as missing."""
    missing, index = set(hidden), list(index)
    rows: dict[str, list[Any]] = {}
    for input_spec in columns_of(inputs):
        name = input_spec["name"]
        rows[name] = [None if name in missing else values[name][i] for i in index]
        if "columns" in input_spec:
            rows[name] = flat_values(rows[name], len(input_spec["columns"]))
    arrays = {}
    for input_spec in inputs:
        if input_spec["kind"] == PRESENCE:
            present = [is_present(value) for value in rows[input_spec["of"]]]
            # [b * n] -> [b, n]; n is 1, or the number of a block's columns
            arrays[input_spec["name"]] = np.array(present, "float32").reshape(len(index), input_spec["shape"][1])
        else:
            array = cells_of(input_spec["kind"]).stack(rows[input_spec["name"]], input_spec)
            arrays[input_spec["name"]] = by_row(array, input_spec) if "columns" in input_spec else array
    return arrays


def fill_missing_inputs(inputs: Arrays, signature: Mapping[str, Any]) -> Arrays:
    """All inputs of the signature: zeros for a column that is left out, and presence 1.0 for a given column, else 0.0.

    Only a model that accepts missing cells has presence inputs; other models need all their columns.
    Raises InputError for a column that such a model lacks.
    """
    input_specs = signature["inputs"]
    if len(inputs) == len(input_specs):
        return inputs
    filled = dict(inputs)
    batch = len(next(iter(filled.values()))) if filled else 1
    for input_spec in input_specs:
        name = input_spec["name"]
        if name in inputs:
            continue
        if input_spec["kind"] == PRESENCE:
            filled[name] = np.full((batch, input_spec["shape"][1]), float(input_spec["of"] in inputs), "float32")
        elif not inputs or any(other["kind"] == PRESENCE for other in input_specs):
            sizes = [n if isinstance(n, int) else input_spec.get("size", 1) for n in input_spec["shape"][1:]]
            filled[name] = np.zeros((batch, *sizes), input_spec["dtype"])
        else:
            raise InputError(
                f"the input {name!r} is not given; expected all of {', '.join(e['name'] for e in input_specs)}."
            )
    return filled


def pad_bytes(data: np.ndarray, n_bytes: int, filling: int = 0) -> np.ndarray:
    """[batch, …, n] -> [batch, …, n_bytes], padded with `filling`; unchanged where n is larger."""
    if data.shape[-1] >= n_bytes:
        return data
    padded = np.full((*data.shape[:-1], n_bytes), filling, data.dtype)
    padded[..., : data.shape[-1]] = data
    return padded


def bytes_in(value: Any) -> int:
    """Bytes of a value, of the longest one in a block's tuple; 0 for a missing one."""
    return max(map(bytes_in, value), default=0) if isinstance(value, tuple) else len(value or b"")


def trim(ids: np.ndarray) -> np.ndarray:
    """Token ids int32 [orders, W] of one row -> int32 [orders, tokens], without the padding zeros at the end.

    Their number depends on how far the text was padded; the ids before them do not.
    """
    used = np.flatnonzero(ids.any(axis=0))
    return ids[:, : used[-1] + 1 if len(used) else 0].copy()  # a view would keep the whole batch


def sample_values(cells: Mapping[str, Sequence[str]], input_spec: InputSpec, root: MediaRoot) -> list[Any]:
    """An input's cells as the values that travel with the artefacts. Raises InputError for a file that is gone.

    cells: all of the held-out rows, by column.
    """
    sample = cells_of(input_spec["kind"]).sample
    values, faults = _by_column(lambda *cell: _read_each(sample, *cell), cells, input_spec, root, 0)
    if faults:
        _, column, reason = faults[0]
        raise InputError(f"the held-out row's {column!r} cannot be read any more: {reason}")
    return values
