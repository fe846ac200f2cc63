"""Many category columns as one input: one vocabulary of all their values, one table of vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.category.block_layers import BlockVocabulary, CategoryBlockRows, adapt_block
from mmkeras.modalities.category.layers import FIRST_KNOWN
from mmkeras.modalities.category.serving import read_served_block
from mmkeras.modalities.category.spec import MAX_BYTES, served_name
from mmkeras.modalities.column_tokens import MOST_TOKENS, RELEVANCE, ColumnWeights, MissingColumns, pooled_tokens
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.text.cells import encode_cells
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import TEXT_METADATA


@dataclass(frozen=True)
class CategoryBlock:
    """Category columns, adapted on their training rows. columns: as the table has them; values: of each column, those
    with a vector of their own.
    """

    name: str
    columns: tuple[Column, ...]
    vocabulary: BlockVocabulary
    values: tuple[tuple[str, ...], ...]

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"columns": self._columns()}

    def _columns(self) -> list[dict[str, Any]]:
        pairs = zip(self.columns, self.values, strict=True)
        return [{"column": c.name, **c.reading(), "values": list(values)} for c, values in pairs]

    def save(self, folder: Path) -> None:
        np.savez(folder / f"{self.name}.npz", **self.vocabulary.arrays())

    def input(self, column: str) -> Input:
        n = len(self.columns)
        metadata = {"encoding": TEXT_METADATA["encoding"], "cut": TEXT_METADATA["cut"], "max_bytes": MAX_BYTES}
        metadata |= {"columns": self._columns()}
        serving = Serving(served_name(self.name), "string", read_served_block, (n,))
        return Input(self.name, column, "category", "uint8", (n, "n_bytes"), metadata, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_row": CategoryBlockRows(self.vocabulary, name=f"{self.name}_rows")(raw)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_row"
        return {name: keras.Input((len(self.columns),), dtype="int32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> Any:
        return ops.expand_dims(features[f"{self.name}_row"], 1)  # [b, n] -> [b, 1, n]

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        rows, present = features[f"{self.name}_row"], features[f"{self.name}_present"]
        n_values = sum(map(len, self.values))
        vectors = layers.Embedding(FIRST_KNOWN + n_values, sizes.width, name=f"{self.name}_values")(rows)
        vectors = MissingColumns(name=f"{self.name}_missing_columns")(vectors, present)  # [b, n, width]
        if len(self.columns) <= MOST_TOKENS:
            return Encoded(vectors, ops.ones_like(vectors[:, :, 0]))
        weighed = ColumnWeights(name=RELEVANCE.format(name=self.name))(vectors)
        total = ops.sum(weighed, axis=1) * (1.0 / len(self.columns) ** 0.5)  # [b, width]
        x = layers.Dense(sizes.width, activation="relu", name=f"{self.name}_hidden")(total)
        return pooled_tokens(x, sizes.width, self.name)


def adapt(
    name: str,
    columns: Sequence[Column],
    cells: dict[str, list[list[str]]],
    config: Config,
    folder: Path,
    log: Any,
) -> tuple[CategoryBlock, dict[str, ArrayFeatures]]:
    """Keep the values of at least `min_rows` training rows of each column; compute the row number of every cell."""
    vocabulary, values = adapt_block(cells["train"], config.text.rows_of_feature)
    block = CategoryBlock(name, tuple(columns), vocabulary, values)
    log(f"{name}: {sum(map(len, values)):,} values known, of {len(columns)} columns")
    return block, compute_features(block, cells, folder, log)


def compute_features(
    block: CategoryBlock, cells: dict[str, list[list[str]]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The row number of every cell, by the columns' values."""
    layer = CategoryBlockRows(block.vocabulary)
    features = {}
    for split_name, split_cells in cells.items():
        rows = [layer.rows_of(*encode_distinct(column), k) for k, column in enumerate(split_cells)]
        features[split_name] = ArrayFeatures({f"{block.name}_row": np.stack(rows, axis=1)})  # [rows, n]
    return features


def encode_distinct(cells: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A column's distinct cells as bytes, uint8 [distinct, n_bytes], and the number of each row's cell, int [rows]."""
    distinct = {cell: k for k, cell in enumerate(dict.fromkeys(cell.strip() for cell in cells))}
    return encode_cells(list(distinct), MAX_BYTES), np.array([distinct[cell.strip()] for cell in cells], "int64")


def load(entry: dict[str, Any], folder: Path) -> CategoryBlock:
    """Rebuild the block from its entry in schema.json and its arrays."""
    with (folder / f"{entry['name']}.npz").open("rb") as file, np.load(file, allow_pickle=False) as data:
        vocabulary = BlockVocabulary.of(data)
    columns = tuple(Column.read_as({**column, "kind": "category"}) for column in entry["columns"])
    return CategoryBlock(entry["name"], columns, vocabulary, tuple(tuple(c["values"]) for c in entry["columns"]))
