"""The number modality: standardised by the training rows; an empty cell counts as missing, not as a number."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.number.cells import read_numbers
from mmkeras.modalities.number.encoder import encode_number
from mmkeras.modalities.number.layers import Standardise
from mmkeras.modalities.number.serving import read_served
from mmkeras.modalities.number.spec import NumberState, adapt_state, served_name

Tensor = Any


@dataclass(frozen=True)
class NumberColumn:
    """A number column, adapted on its training rows."""

    name: str
    state: NumberState

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"state": asdict(self.state)}

    def save(self, folder: Path) -> None:
        """Three numbers stand in schema.json."""

    def input(self, column: str) -> Input:
        serving = Serving(served_name(self.name), "float32", read_served)
        return Input(self.name, column, "number", "float32", (1,), asdict(self.state), serving=serving)

    def standardise(self) -> Standardise:
        """The layer of the graph, which also makes the features."""
        return Standardise(**asdict(self.state), name=f"{self.name}_standardise")

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_numbers": self.standardise()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_numbers"
        return {name: keras.Input((2,), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, None]:
        return features[f"{self.name}_numbers"], None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        return encode_number(features[f"{self.name}_numbers"], sizes.width, self.name)


def adapt(
    name: str, cells: dict[str, list[str]], spec: None, config: Config, folder: Path, log: Any
) -> tuple[NumberColumn, dict[str, ArrayFeatures]]:
    """Fit the mean, deviation and median of the training rows; standardise all rows."""
    column = NumberColumn(name, adapt_state(cells["train"]))
    return column, compute_features(column, cells, folder, log)


def compute_features(
    column: NumberColumn, cells: dict[str, list[str]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """Standardise the rows by the column's state."""
    layer = column.standardise()
    numbers = {split_name: np.asarray(layer(*read_numbers(split_cells))) for split_name, split_cells in cells.items()}
    return {split_name: ArrayFeatures({f"{column.name}_numbers": values}) for split_name, values in numbers.items()}


def load(entry: dict[str, Any], folder: Path) -> NumberColumn:
    """Rebuild the column from its entry in schema.json."""
    return NumberColumn(entry["name"], NumberState(**entry["state"]))
