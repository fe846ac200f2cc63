"""Raw inputs -> features: the front of every graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from mmkeras.graph import Input, presence
from mmkeras.modalities import Modality


@dataclass(frozen=True)
class GraphInputs:
    """The front of a graph. raw: Keras inputs; features: what encoders take; ids: `<input>_ids`, as recognised."""

    raw: dict[str, Any]
    features: dict[str, Any]
    ids: dict[str, Any]
    inputs: list[Input]

    def described_ids(self) -> list[dict[str, Any]]:
        """The ids' part of signature.json."""
        shapes = {name: ["batch", tensor.shape[1] or "orders", "tokens"] for name, tensor in self.ids.items()}
        return [{"name": name, "dtype": "int32", "shape": shape} for name, shape in shapes.items()]


def graph_inputs(columns: dict[str, Modality], names: dict[str, str], takes_presence: bool) -> GraphInputs:
    """Raw inputs of each column, and whether it is there -> features. names: the CSV column of each input."""
    read = GraphInputs({}, {}, {}, [])
    for name, column in columns.items():
        entry = column.input(names[name])
        read.raw[name] = keras.Input(entry.sizes()[1:], dtype=entry.dtype, name=name)
        read.inputs.append(entry)
        there = None
        if takes_presence:
            read.inputs.append(presence(name, names[name]))
            there = read.raw[f"{name}_present"] = keras.Input((1,), name=f"{name}_present")
            read.features[f"{name}_present"] = there
        own = column.preprocess(read.raw[name], there)
        read.features.update(own)
        if (token_ids := column.ids(own)) is not None:
            read.ids[f"{name}_ids"] = token_ids
    return read
