"""All input columns: adapt them on the training rows and save them; load them from a run."""

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
from mmkeras.system.failures import failure
from mmkeras.system.progress import Log, named


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any error of the block into an InputError that names the damaged file of the run."""
    try:
        yield
    except Exception as error:
        if isinstance(error, InputError) and str(path.parent) in str(error):
            raise  # it names a file itself
        if (reason := failure(error)).startswith("there is"):  # no memory, no space: the file may be sound
            raise InputError(f"{path}: the file cannot be read: {reason}.") from error
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: the run is damaged, it cannot be read ({first_line}). Train again.") from error


def load_columns(inputs: Sequence[dict[str, Any]], folder: Path) -> dict[str, Modality]:
    """The adapted input columns of a run: name in the graph -> Modality.

    inputs: the list in schema.json; folder: the run's folder. Raises InputError that names a damaged file.
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
    """Adapt every input column on the training rows; write states and features.

    text_spec: how the model reads a text column; takes_presence: does the model have inputs of presence?
    Returns the modalities by name, and the columns' features by split: `train` and `validation`.
    """
    from mmkeras.features.column_features import ArrayFeatures

    (folder / "state").mkdir(exist_ok=True)
    columns: dict[str, Modality] = {}
    features: dict[str, list[Any]] = {"train": [], "validation": []}
    inputs = tables["table"].inputs
    for name, column in zip(input_names([c.name for c in inputs]), inputs, strict=True):
        cells = {split_name: getattr(split, split_name)[column.name].tolist() for split_name in features}
        source: Any = cells
        spec = text_spec if column.kind == "text" else column.notation or None
        if names_files(column.kind):
            spec, source = media.specs[column.name], media.features_by_split(column.name, tables, split)
        module, column_log = column_of(column.kind), named(log, name, column.name)
        columns[name], column_features = module.adapt(name, source, spec, config, folder, column_log)
        columns[name].save(folder / "state")
        for split_name in features:
            features[split_name].append(column_features[split_name])
            if takes_presence:
                is_present = [bool(cell.strip()) for cell in cells[split_name]]
                present = np.array([is_present], "float32").T  # [1, n] -> [n, 1]
                features[split_name].append(ArrayFeatures({f"{name}_present": present}))
    return columns, features


def input_entries(columns: dict[str, Modality], table: Table, takes_presence: bool) -> list[dict[str, Any]]:
    """The graph's inputs as the signature lists them, with those of presence if the model has them."""
    input_specs = []
    for (name, modality), column in zip(columns.items(), table.inputs, strict=True):
        input_specs.append(modality.input(column.name).read_as(column.reading()).spec())
        if takes_presence:
            input_specs.append(presence(name, column.name).spec())
    return input_specs
