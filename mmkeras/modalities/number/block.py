"""Many number columns as one input: standardised column by column in one layer, and encoded together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.column_tokens import encode_numbers
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.number.cells import read_numbers
from mmkeras.modalities.number.layers import StandardiseColumns
from mmkeras.modalities.number.serving import read_served_block
from mmkeras.modalities.number.spec import NumberState, adapt_state, served_name

Tensor = Any


@dataclass(frozen=True)
class NumberBlock:
    """Number columns, adapted on their training rows. columns: as the table has them; states: of each."""

    name: str
    columns: tuple[Column, ...]
    states: tuple[NumberState, ...]

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        states = zip(self.columns, self.states, strict=True)
        return {"columns": [{"column": c.name, **c.reading(), "state": asdict(state)} for c, state in states]}

    def save(self, folder: Path) -> None:
        """Three numbers a column stand in schema.json."""

    def input(self, column: str) -> Input:
        states = zip(self.columns, self.states, strict=True)
        columns = [{"column": c.name, **c.reading(), **asdict(state)} for c, state in states]
        n = len(self.columns)
        serving = Serving(served_name(self.name), "float32", read_served_block, (n,))
        return Input(self.name, column, "number", "float32", (n,), {"columns": columns}, serving=serving)

    def standardise(self) -> StandardiseColumns:
        """The layer of the graph, which also makes the features."""
        return StandardiseColumns([asdict(state) for state in self.states], name=f"{self.name}_standardise")

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_numbers": self.standardise()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_numbers"
        return {name: keras.Input((len(self.columns), 2), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, None]:
        return features[f"{self.name}_numbers"], None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        present = features[f"{self.name}_present"]
        return encode_numbers(features[f"{self.name}_numbers"], present, sizes.width, self.name)


def adapt(
    name: str,
    columns: Sequence[Column],
    cells: dict[str, list[list[str]]],
    config: Config,
    folder: Path,
    log: Any,
) -> tuple[NumberBlock, dict[str, ArrayFeatures]]:
    """Fit the mean, deviation and median of each column's training rows; standardise all rows."""
    block = NumberBlock(name, tuple(columns), tuple(map(adapt_state, cells["train"])))
    return block, compute_features(block, cells, folder, log)


def compute_features(
    block: NumberBlock, cells: dict[str, list[list[str]]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """Standardise the rows by the columns' states."""
    layer = block.standardise()
    features = {}
    for split_name, split_cells in cells.items():
        columns_read = [read_numbers(column) for column in split_cells]
        values = np.concatenate([values for values, _ in columns_read], axis=1)  # n of [rows, 1] -> [rows, n]
        present = np.concatenate([present for _, present in columns_read], axis=1)
        features[split_name] = ArrayFeatures({f"{block.name}_numbers": np.asarray(layer(values, present))})
    return features


def load(entry: dict[str, Any], folder: Path) -> NumberBlock:
    """Rebuild the block from its entry in schema.json."""
    columns = entry["columns"]
    states = tuple(NumberState(**column["state"]) for column in columns)
    return NumberBlock(entry["name"], tuple(Column.read_as({**column, "kind": "number"}) for column in columns), states)
