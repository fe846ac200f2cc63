"""A column of numbers in the model: standardised, one token; a cell that is empty is missing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.config import Config
from mmkeras.encoded import Encoded, Shape
from mmkeras.inputs import Input, Serving
from mmkeras.modalities.tabular.cells import read_numbers
from mmkeras.modalities.tabular.number import NumberState, Standardise, adapt, encode_number
from mmkeras.sides import ArraySide

Tensor = Any


@dataclass(frozen=True)
class NumberColumn:
    """A number column that has seen its training rows."""

    name: str
    state: NumberState

    def entry(self) -> dict[str, Any]:
        return {"state": asdict(self.state)}

    def save(self, folder: Path) -> None:
        """Three numbers stand in schema.json."""

    def input(self, column: str) -> Input:
        serving = Serving(self.name, "float32", read_served)
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

    def encode(self, features: dict[str, Tensor], shape: Shape) -> Encoded:
        return encode_number(features[f"{self.name}_numbers"], shape.width, self.name)


def learn(
    name: str, cells: dict[str, list[str]], rule: None, config: Config, folder: Path, say: Any
) -> tuple[NumberColumn, dict[str, ArraySide]]:
    """Mean, deviation and median of the training rows; all rows standardised."""
    column = NumberColumn(name, adapt(cells["train"]))
    layer = column.standardise()
    sides = {side: np.asarray(layer(*read_numbers(some))) for side, some in cells.items()}
    return column, {side: ArraySide({f"{name}_numbers": values}) for side, values in sides.items()}


def load(entry: dict[str, Any], folder: Path) -> NumberColumn:
    """Rebuild it from its part of schema.json."""
    return NumberColumn(entry["name"], NumberState(**entry["state"]))


def read_served(values: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [b], NaN where there is none -> float32 [b, 1] values, 0.0 there, and presence."""
    there = tf.logical_not(tf.math.is_nan(values))
    return tf.where(there, values, 0.0)[:, None], tf.cast(there, tf.float32)[:, None]
