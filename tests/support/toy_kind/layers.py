"""Colours -> features, inside the graph."""

from __future__ import annotations

from typing import Any

from keras import layers


class Centre(layers.Layer):
    """Float32 [b, 3] and present [b, 1] -> the distance from the mean colour, [b, 3]; zeros for a missing cell."""

    def __init__(self, mean: list[float], **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.mean = mean

    def call(self, colour: Any, present: Any) -> Any:
        return (colour - [self.mean]) * present

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean}
