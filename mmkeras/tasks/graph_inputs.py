"""Raw inputs -> features: the front of every graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from mmkeras.data.columns.column import Column
from mmkeras.graph import INTERNAL, Input, presence
from mmkeras.modalities import Modality, columns_read
from mmkeras.modalities.adapt import contract_of


@dataclass(frozen=True)
class GraphInputs:
    """The front of a graph. raw: Keras inputs; features: the core's inputs; ids: `<input>_ids`, token ids."""

    raw: dict[str, Any]
    features: dict[str, Any]
    ids: dict[str, Any]
    inputs: list[Input]

    def described_ids(self) -> list[dict[str, Any]]:
        """The token ids' entries in signature.json: internal outputs, which prove an artefact."""
        shapes = {name: ["batch", tensor.shape[1] or "orders", "tokens"] for name, tensor in self.ids.items()}
        return [{"name": name, "dtype": "int32", "shape": shape, INTERNAL: True} for name, shape in shapes.items()]


def graph_inputs(columns: dict[str, Modality], table: dict[str, Column], takes_presence: bool) -> GraphInputs:
    """Raw inputs and presence of each column -> features. table: input -> its column of the table."""
    front = GraphInputs({}, {}, {}, [])
    for name, column in columns.items():
        spec = contract_of(column, table[name])
        front.raw[name] = keras.Input(spec.sizes()[1:], dtype=spec.dtype, name=name)
        front.inputs.append(spec)
        present = None
        if takes_presence:
            count = len(columns_read(column)) or 1
            front.inputs.append(presence(name, table[name].name, count))
            present = front.raw[f"{name}_present"] = keras.Input((count,), name=f"{name}_present")
            front.features[f"{name}_present"] = present
        features = column.preprocess(front.raw[name], present)
        front.features.update(features)
        if (token_ids := column.ids(features)) is not None:
            front.ids[f"{name}_ids"] = token_ids
    return front
