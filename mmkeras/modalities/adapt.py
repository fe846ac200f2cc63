"""All input columns: adapted on the training rows and saved, loaded again from a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.split import Split
from mmkeras.data.table import Table
from mmkeras.errors import InputError
from mmkeras.graph import input_names, presence
from mmkeras.modalities import Modality, column_of, names_files
from mmkeras.modalities.media.check import Media
from mmkeras.system.progress import Log, named


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say which file of the run is damaged, whatever its reader raises."""
    try:
        yield
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: the run is damaged, it cannot be read ({first_line}). Train again.") from error


def load_columns(inputs: Sequence[dict[str, Any]], folder: Path) -> dict[str, Modality]:
    """A run's input columns as they were adapted: name in the graph -> Modality.

    inputs: those of schema.json; folder: the run's. Raises InputError that names the damaged file.
    """
    columns = {}
    for entry in inputs:
        with reading(folder / "schema.json"):
            module = column_of(entry["kind"])
        with reading(folder / "state" / f"{entry['name']}.npz"):
            columns[entry["name"]] = module.load(entry, folder / "state")
    return columns


def adapt_columns(
    config: Config,
    tables: dict[str, Table],
    split: Split,
    media: Media,
    text_spec: Any,
    takes_presence: bool,
    folder: Path,
    log: Log,
) -> tuple[dict[str, Modality], dict[str, list[Any]]]:
    """Adapt every input column on the training rows; write state and features. Returns modalities, and sides.

    text_spec: how the model reads a text column; takes_presence: does the model know missing cells?
    """
    from mmkeras.features.column_features import ArrayFeatures

    (folder / "state").mkdir(exist_ok=True)
    columns: dict[str, Modality] = {}
    sides: dict[str, list[Any]] = {"train": [], "validation": []}
    inputs = tables["table"].inputs
    for name, column in zip(input_names([c.name for c in inputs]), inputs, strict=True):
        cells = {side: getattr(split, side)[column.name].tolist() for side in sides}
        there = {side: [bool(cell.strip()) for cell in some] for side, some in cells.items()}
        given: Any = cells
        spec = text_spec if column.kind == "text" else None
        if names_files(column.kind):
            spec, given = media.specs[column.name], media.sides(column.name, tables, split)
        told = named(log, name, column.name)
        columns[name], features = column_of(column.kind).adapt(name, given, spec, config, folder, told)
        columns[name].save(folder / "state")
        for side in sides:
            sides[side].append(features[side])
            if takes_presence:
                present = np.array([there[side]], "float32").T  # [1, n] -> [n, 1]
                sides[side].append(ArrayFeatures({f"{name}_present": present}))
    return columns, sides


def input_entries(columns: dict[str, Modality], table: Table, takes_presence: bool) -> list[dict[str, Any]]:
    """The signature's part on inputs, as the Graph will have it."""
    entries = []
    for (name, modality), column in zip(columns.items(), table.inputs, strict=True):
        entries.append(modality.input(column.name).entry())
        if takes_presence:
            entries.append(presence(name, column.name).entry())
    return entries
