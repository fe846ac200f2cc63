"""Many date columns as one input: the columns of a notation are read in one layer, and all are encoded together."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.column_tokens import encode_numbers
from mmkeras.modalities.date import column as one_column
from mmkeras.modalities.date.block_layers import DateBlockParts, read_served_block
from mmkeras.modalities.date.column import DateColumn
from mmkeras.modalities.date.spec import served_name
from mmkeras.modalities.encoded import Encoded, Sizes

Tensor = Any
OWN = ("name", "column", "kind", "dtype", "shape")  # of an input_spec: what a block has in place of its columns


@dataclass(frozen=True)
class DateBlock:
    """Date columns, adapted on their training rows. columns: as the table has them; parts: each as a Modality."""

    name: str
    columns: tuple[Column, ...]
    parts: tuple[DateColumn, ...]

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        pairs = zip(self.columns, self.parts, strict=True)
        return {"columns": [{"column": c.name, **c.reading(), **part.entry()} for c, part in pairs]}

    def save(self, folder: Path) -> None:
        for part in self.parts:
            part.save(folder)

    def _inputs(self) -> list[Input]:
        pairs = zip(self.columns, self.parts, strict=True)
        return [part.input(column.name).read_as(column.reading()) for column, part in pairs]

    def input(self, column: str) -> Input:
        inputs = self._inputs()
        columns = [
            {"column": i.column, **{key: value for key, value in i.spec().items() if key not in OWN}} for i in inputs
        ]
        n, limit = len(columns), max(i.max_bytes for i in inputs)
        read = functools.partial(read_served_block, notations=self.notations())
        serving = Serving(served_name(self.name), "string", read, (n,))
        metadata = {"max_bytes": limit, "columns": columns}
        return Input(self.name, column, "date", "uint8", (n, "n_bytes"), metadata, serving=serving)

    def calendar(self) -> DateBlockParts:
        """The layer of the graph, which also makes the features."""
        return DateBlockParts([part.state for part in self.parts], self.notations(), name=f"{self.name}_parts")

    def notations(self) -> list[str]:
        """The notation of each column."""
        return [part.notation for part in self.parts]

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_calendar": self.calendar()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_calendar"
        (part,) = self.parts[0].features().values()
        return {name: keras.Input((len(self.parts), part.shape[1]), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, None]:
        return features[f"{self.name}_calendar"], None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        present = features[f"{self.name}_present"]
        return encode_numbers(features[f"{self.name}_calendar"], present, sizes.width, self.name)


def adapt(
    name: str,
    columns: Sequence[Column],
    cells: dict[str, list[list[str]]],
    config: Config,
    folder: Path,
    log: Any,
) -> tuple[DateBlock, dict[str, ArrayFeatures]]:
    """Adapt each column on its training rows; the calendar features of all columns side by side."""
    parts, features = [], []
    for k, column in enumerate(columns):
        own_cells = {split_name: split_cells[k] for split_name, split_cells in cells.items()}
        part, part_features = one_column.adapt(f"{name}_{k}", own_cells, column.notation or None, config, folder, log)
        parts.append(part)
        features.append(part_features)
    block = DateBlock(name, tuple(columns), tuple(parts))
    return block, _side_by_side(block, features)


def compute_features(
    block: DateBlock, cells: dict[str, list[list[str]]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The calendar features of the rows, by the columns' states."""
    features = []
    for k, part in enumerate(block.parts):
        own_cells = {split_name: split_cells[k] for split_name, split_cells in cells.items()}
        features.append(one_column.compute_features(part, own_cells, folder, log))
    return _side_by_side(block, features)


def _side_by_side(block: DateBlock, features: Sequence[dict[str, ArrayFeatures]]) -> dict[str, ArrayFeatures]:
    arrays = {
        split_name: [array for column in features for array in column[split_name].arrays.values()]
        for split_name in features[0]
    }
    stacked = {split_name: np.stack(parts, axis=1) for split_name, parts in arrays.items()}  # [rows, n, 14]
    return {split_name: ArrayFeatures({f"{block.name}_calendar": array}) for split_name, array in stacked.items()}


def load(entry: dict[str, Any], folder: Path) -> DateBlock:
    """Rebuild the block from its entry in schema.json."""
    entries = [{**column, "kind": "date", "name": f"{entry['name']}_{k}"} for k, column in enumerate(entry["columns"])]
    columns = tuple(Column.read_as(column) for column in entries)
    return DateBlock(entry["name"], columns, tuple(one_column.load(column, folder) for column in entries))
