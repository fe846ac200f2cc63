"""The number modality: standardised by the training rows; a cell that is empty counts as missing, not as a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.encoded import Encoded

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
