"""The category modality: each value that enough training rows have gets a vector; all other values share one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Config
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.any_length import CutBytes
from mmkeras.modalities.category.encoder import encode_category
from mmkeras.modalities.category.layers import CategoryRows, adapt_values
from mmkeras.modalities.category.serving import read_served
from mmkeras.modalities.category.spec import MAX_BYTES, served_name
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.text.cells import encode_cells
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.hashing.vocabulary import Vocabulary
from mmkeras.modalities.text.serving import TEXT_METADATA
from mmkeras.system.arrays import reading_arrays


@dataclass(frozen=True)
class CategoryColumn:
    """values: the values with a vector of their own, in the order of the rows."""

    name: str
    vocabulary: Vocabulary
    values: tuple[str, ...]

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"values": list(self.values)}

    def save(self, folder: Path) -> None:
        v = self.vocabulary
        np.savez(folder / f"{self.name}.npz", cells=v.cells, keys=v.keys, bits=v.bits)

    def input(self, column: str) -> Input:
        metadata = {**TEXT_METADATA, "max_bytes": MAX_BYTES, "values": list(self.values)}
        serving = Serving(served_name(self.name), "string", read_served)
        return Input(self.name, column, "category", "uint8", ("n_bytes",), metadata, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        data = CutBytes(MAX_BYTES, name=f"{self.name}_cut")(raw)
        return {f"{self.name}_row": CategoryRows(self.vocabulary, name=f"{self.name}_rows")(data)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_row"
        return {name: keras.Input((1,), dtype="int32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> Any:
        return ops.expand_dims(features[f"{self.name}_row"], 1)  # [b, 1] -> [b, 1, 1]

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        return encode_category(features[f"{self.name}_row"], len(self.values), sizes.width, self.name)


def adapt(
    name: str, cells: dict[str, list[str]], spec: None, config: Config, folder: Path, log: Any
) -> tuple[CategoryColumn, dict[str, ArrayFeatures]]:
    """Keep the values of at least `min_rows` training rows; compute the row number of every cell."""
    column = CategoryColumn(name, *adapt_values(cells["train"], config.text.rows_of_feature))
    log(f"{name}: {len(column.values)} values known")
    return column, compute_features(column, cells, folder, log)


def compute_features(
    column: CategoryColumn, cells: dict[str, list[str]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The row number of every cell, by the column's values."""
    layer = CategoryRows(column.vocabulary)
    features = {}
    for split_name, split_cells in cells.items():
        distinct = {cell: k for k, cell in enumerate(dict.fromkeys(split_cells))}
        rows = np.asarray(layer(encode_cells([cell.strip() for cell in distinct], MAX_BYTES)))  # [distinct, 1]
        features[split_name] = ArrayFeatures({f"{column.name}_row": rows[[distinct[cell] for cell in split_cells]]})
    return features


def load(entry: dict[str, Any], folder: Path) -> CategoryColumn:
    """Rebuild the column from its entry in schema.json and its arrays."""
    with reading_arrays(folder / f"{entry['name']}.npz", "Train again.") as data:
        vocabulary = Vocabulary(data["cells"], data["keys"], int(data["bits"]))
    return CategoryColumn(entry["name"], vocabulary, tuple(entry["values"]))
