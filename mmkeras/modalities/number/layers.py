"""Numbers -> features, inside the graph."""

from __future__ import annotations

from typing import Any, Final

from keras import layers, ops

FURTHEST: Final = 10.0  # standard deviations: a typing error must not drown all other features


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
        x = (value - self.mean) * (1.0 / self.deviation)
        clipped = ops.clip(x, -FURTHEST, FURTHEST)
        return ops.concatenate([clipped, ops.sign(x) * ops.log(1.0 + ops.abs(x))], axis=1)

    def get_config(self) -> dict[str, Any]:
        config = {"mean": self.mean, "deviation": self.deviation, "median": self.median}
        return {**super().get_config(), **config}
