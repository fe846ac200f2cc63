"""The colour modality: the distance from the mean colour of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.errors import BadCell, InputError
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.progress import Log
from toy_kind.cells import read, stack
from toy_kind.encoder import encode_colour
from toy_kind.layers import Centre
from toy_kind.serving import read_served
from toy_kind.spec import served_name


@dataclass(frozen=True)
class ColourColumn:
    """mean: of the training rows' red, green and blue."""

    name: str
    mean: tuple[float, ...]
    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"mean": list(self.mean)}

    def save(self, folder: Path) -> None:
        """Three numbers stand in schema.json."""

    def input(self, column: str) -> Input:
        serving = Serving(served_name(self.name), "string", read_served)
        return Input(self.name, column, "colour", "float32", (3,), {"range": "0 to 1"}, serving=serving)

    def centre(self) -> Centre:
        """The layer of the graph, which also makes the features."""
        return Centre(list(self.mean), name=f"{self.name}_centre")

    def preprocess(self, raw: Any, present: Any) -> dict[str, Any]:
        return {f"{self.name}_colour": self.centre()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_colour"
        return {name: keras.Input((3,), dtype="float32", name=name)}

    def ids(self, features: dict[str, Any]) -> None:
        return None

    def encode(self, features: dict[str, Any], sizes: Sizes, exporting: bool = False) -> Encoded:
        return encode_colour(features[f"{self.name}_colour"], sizes.width, self.name)


def adapt(
    name: str, cells: dict[str, list[str]], spec: None, config: Config, folder: Path, log: Log
) -> tuple[ColourColumn, dict[str, ArrayFeatures]]:
    """Fit the mean colour of the training rows; compute every row's distance. Raises InputError for a bad cell."""
    raw, present = read_colours(name, cells)
    mean = raw["train"].sum(axis=0) / max(1, present["train"].sum())
    column = ColourColumn(name, tuple(mean.tolist()))
    log(f"{name}: the mean colour is {', '.join(f'{part:.2f}' for part in mean)}")
    return column, compute_features(column, cells, folder, log)


def read_colours(name: str, cells: dict[str, list[str]]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The colours of each split's cells, float32 [n, 3], and their presence [n, 1]. Raises InputError for a bad one."""
    try:
        values = {
            split_name: [read(cell, {}, MediaRoot("")) for cell in split_cells]
            for split_name, split_cells in cells.items()
        }
    except BadCell as error:
        raise InputError(f"{name}: {error}. Correct the cell, or leave the column out.") from None
    present = {
        split_name: np.array([[v is not None for v in split_values]]).T for split_name, split_values in values.items()
    }
    return {split_name: stack(split_values, {}) for split_name, split_values in values.items()}, present


def compute_features(
    column: ColourColumn, cells: dict[str, list[str]], folder: Path, log: Log
) -> dict[str, ArrayFeatures]:
    """Every row's distance from the column's mean."""
    raw, present = read_colours(column.name, cells)
    layer = column.centre()
    features = {}
    for split_name in cells:
        colours = np.asarray(layer(raw[split_name], present[split_name].astype("float32")))  # [n, 3]
        features[split_name] = ArrayFeatures({f"{column.name}_colour": colours})
    return features


def load(entry: dict[str, Any], folder: Path) -> ColourColumn:
    """Rebuild the column from its entry in schema.json."""
    return ColourColumn(entry["name"], tuple(entry["mean"]))
