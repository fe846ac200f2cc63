"""All input columns: adapt them on the training rows and save them; load them from a run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.splits.split import Split
from mmkeras.data.table import Table
from mmkeras.data.values.stored_texts import StoredTexts
from mmkeras.errors import InputError
from mmkeras.graph import Input, presence
from mmkeras.modalities import Modality, block_of, column_of, columns_read, names_files
from mmkeras.modalities.blocks import graph_columns
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
            module: Any = block_of(entry["kind"]) if "columns" in entry else column_of(entry["kind"])
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
    known: Mapping[str, Modality] | None = None,
    read_otherwise: Mapping[str, tuple[Config, Any]] = {},
) -> tuple[dict[str, Modality], dict[str, list[Any]]]:
    """Adapt every input column on the training rows; write states and features.

    text_spec: how the model reads a text column; takes_presence: does the model have inputs of presence?
    known: the columns of a run that the training goes on from; they stay as they are, and only features are computed.
    read_otherwise: columns with a layer of the user -> the Config and the text_spec that they are read by.
    Returns the modalities by name, and the columns' features by split: `train` and `validation`.
    """
    from mmkeras.features.column_features import ArrayFeatures

    (folder / "state").mkdir(exist_ok=True)
    columns: dict[str, Modality] = {}
    features: dict[str, list[Any]] = {"train": [], "validation": []}
    for graph_column in graph_columns(tables["table"].inputs):
        name, column = graph_column.name, graph_column.columns[0]
        cells = {part: [cells_of_rows(getattr(split, part)[c.name]) for c in graph_column.columns] for part in features}
        column_log = named(log, name, column.name)
        source: Any = cells if graph_column.block else {part: part_cells[0] for part, part_cells in cells.items()}
        column_config, column_text_spec = read_otherwise.get(column.name, (config, text_spec))
        spec = column_text_spec if column.kind == "text" else column.notation or None
        if names_files(column.kind):
            spec, source = media.specs[column.name], media.features_by_split(column.name, tables, split)
        if known is not None:
            columns[name] = known[name]
            module: Any = block_of(column.kind) if graph_column.block else column_of(column.kind)
            column_features = module.compute_features(known[name], source, folder, column_log)
        elif graph_column.block:
            block = block_of(column.kind)
            columns[name], column_features = block.adapt(name, graph_column.columns, cells, config, folder, log)
            log(f"{graph_column.title} are read together, as one input: {name}")
        else:
            columns[name], column_features = column_of(column.kind).adapt(
                name, source, spec, column_config, folder, column_log
            )
        columns[name].save(folder / "state")
        for part in features:
            features[part].append(column_features[part])
            if takes_presence:
                features[part].append(ArrayFeatures({f"{name}_present": presence_of(cells[part])}))
    return columns, features


def cells_of_rows(cells: pd.Series) -> Any:
    """The cells of a column: a list, or texts that lie in a file, which are read when they are asked for."""
    return cells.array if isinstance(cells.array, StoredTexts) else cells.tolist()


def presence_of(cells: Sequence[Sequence[str]]) -> np.ndarray:
    """Cells of n columns -> float32 [rows, n], 1.0 where a cell is not empty."""
    return np.array([[bool(cell.strip()) for cell in column] for column in cells], "float32").T


def contract_of(modality: Modality, column: Column) -> Input:
    """A column's input with how its cells are read; a block's input has that of each of its columns already."""
    graph_input = modality.input(column.name)
    return graph_input if columns_read(modality) else graph_input.read_as(column.reading())


def input_entries(columns: dict[str, Modality], table: Table, takes_presence: bool) -> list[dict[str, Any]]:
    """The graph's inputs as the signature lists them, with those of presence if the model has them."""
    input_specs = []
    for (name, modality), graph_column in zip(columns.items(), graph_columns(table.inputs), strict=True):
        input_specs.append(contract_of(modality, graph_column.as_column).spec())
        if takes_presence:
            input_specs.append(presence(name, graph_column.title, len(graph_column.columns)).spec())
    return input_specs
