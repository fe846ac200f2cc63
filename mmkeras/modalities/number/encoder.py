"""Numbers -> one token."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from mmkeras.modalities.encoded import Encoded


def encode_number(values: Any, width: int, name: str) -> Encoded:
    """Float32 [b, n], such as the two features of Standardise -> one token, [b, 1, width]."""
    x = layers.Dense(width, activation="relu", name=f"{name}_hidden")(values)
    x = layers.Dense(width, name=f"{name}_token")(x)
    tokens = layers.Reshape((1, width), name=f"{name}_tokens")(x)  # [b, width] -> [b, 1, width]
    return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))
