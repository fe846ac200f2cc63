"""The number modality: standardised by the training rows; a cell that is empty counts as missing, not as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.features.column_features import ArraySide
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Shape
from mmkeras.modalities.tabular.cells import read_numbers

Tensor = Any

SMALLEST_DEVIATION = 1e-30  # one divided by it is still a float32
FURTHEST = 10.0  # standard deviations: a slip of the keyboard must not drown everything else


@dataclass(frozen=True)
class NumberState:
    """What a number column learned from its training rows."""

    mean: float
    deviation: float
    median: float


def adapt(cells: Sequence[str]) -> NumberState:
    """Mean, standard deviation and median of the cells that are there; 0, 1, 0 where none is."""
    values = np.array([float(cell) for cell in cells if cell.strip()], "float64")
    if not len(values):
        return NumberState(0.0, 1.0, 0.0)
    deviation = float(values.std())
    # a column of one value says nothing; dividing by its deviation would make noise of rounding
    enough = deviation > max(1e-6 * float(np.abs(values).max()), SMALLEST_DEVIATION)
    return NumberState(float(values.mean()), deviation if enough else 1.0, float(np.median(values)))


class Standardise(layers.Layer):
    """Float32 [b, 1] and present [b, 1] -> standardised, [b, 2]; the median stands where nothing is there.

    Two numbers tell more than one: the distance from the mean in deviations, at most FURTHEST, and its logarithm with
    the sign kept, for prices and counts that span decades.
    """

    def __init__(self, mean: float, deviation: float, median: float, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.mean, self.deviation, self.median = mean, deviation, median

    def call(self, value: Any, present: Any) -> Any:
        value = value * present + self.median * (1.0 - present)
        x = (value - self.mean) * (1.0 / self.deviation)
        near = ops.clip(x, -FURTHEST, FURTHEST)
        return ops.concatenate([near, ops.sign(x) * ops.log(1.0 + ops.abs(x))], axis=1)

    def get_config(self) -> dict[str, Any]:
        config = {"mean": self.mean, "deviation": self.deviation, "median": self.median}
        return {**super().get_config(), **config}


def encode_number(values: Any, width: int, name: str) -> Encoded:
    """Float32 [b, n], such as the two of Standardise -> one token, [b, 1, width]."""
    x = layers.Dense(width, activation="relu", name=f"{name}_hidden")(values)
    x = layers.Dense(width, name=f"{name}_token")(x)
    tokens = layers.Reshape((1, width), name=f"{name}_tokens")(x)  # [b, width] -> [b, 1, width]
    return Encoded(tokens, keras.ops.ones_like(tokens[:, :, 0]))


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
