"""Numbers -> features, inside the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import keras
import numpy as np
from keras import layers, ops

FURTHEST: Final = 10.0  # standard deviations: a typing error must not drown all other features


@keras.saving.register_keras_serializable("mmkeras")
class Standardise(layers.Layer):
    """Float32 [b, 1] and present [b, 1] -> standardised, [b, 2]; the median replaces a missing number.

    Two features: the distance from the mean in deviations, at most FURTHEST, and its logarithm with the sign kept, for
    prices and counts that span decades.
    """

    def __init__(self, mean: float, deviation: float, median: float, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.mean, self.deviation, self.median = mean, deviation, median

    def call(self, value: Any, present: Any) -> Any:
        value = value * present + self.median * (1.0 - present)
        return ops.concatenate(two_scales((value - self.mean) * (1.0 / self.deviation)), axis=1)

    def get_config(self) -> dict[str, Any]:
        config = {"mean": self.mean, "deviation": self.deviation, "median": self.median}
        return {**super().get_config(), **config}


@keras.saving.register_keras_serializable("mmkeras")
class StandardiseColumns(layers.Layer):
    """The same for many columns at once: float32 [b, n] and present [b, n] -> [b, n, 2].

    columns: mean, deviation and median of each.
    """

    def __init__(self, columns: Sequence[dict[str, float]], **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.columns = [dict(column) for column in columns]
        states = {key: np.array([[column[key] for column in self.columns]]) for key in ("mean", "deviation", "median")}
        self.mean, self.median = states["mean"].astype("float32"), states["median"].astype("float32")  # [1, n]
        self.inverse = (1.0 / states["deviation"]).astype("float32")

    def call(self, values: Any, present: Any) -> Any:
        values = values * present + self.median * (1.0 - present)
        return ops.stack(two_scales((values - self.mean) * self.inverse), axis=2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "columns": self.columns}


def two_scales(x: Any) -> list[Any]:
    """Standardised numbers: clipped, and their logarithm with the sign kept."""
    return [ops.clip(x, -FURTHEST, FURTHEST), ops.sign(x) * ops.log(1.0 + ops.abs(x))]
