"""Layers and a fusion as a Python user writes them, as docs/extending.md shows them."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("own_parts")
class Scaled(layers.Layer):
    """Float [b, n] -> [b, units]: a Dense layer times a learned number."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.dense = units, layers.Dense(units, activation="relu")

    def build(self, shape: Any) -> None:
        self.dense.build(shape)
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        return self.dense(x) * self.scale

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class Plain(layers.Layer):
    """Float [b, n] -> [b, n]. Registered nowhere."""

    def call(self, x: Any) -> Any:
        return x * 2.0


def pictures() -> keras.Sequential:
    """A small network, from 0 … 1 pixels to a map."""
    return keras.Sequential(
        [layers.Conv2D(8, 3, strides=2), layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.Conv2D(8, 3)]
    )


def gated(vectors: dict[str, Any], present: dict[str, Any]) -> Any:
    """Pictures weighed by the price, where there is one."""
    gate = layers.Dense(16, activation="sigmoid")(vectors["price"]) * present["price"]
    return ops.concatenate([vectors["photo"] * gate, vectors["price"]], axis=1)
