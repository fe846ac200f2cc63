"""The tokens of a block's columns: one a column while there are few, a bounded number of pooled ones beyond."""

from __future__ import annotations

import math
from typing import Any, Final

import keras
from keras import layers, ops

from mmkeras.modalities.encoded import Encoded, Tensor

MOST_TOKENS: Final = (
    32  # columns of a block with a token each: the time of attention grows with the square of their number
)
POOLED: Final = 4  # tokens of a wider block
RELEVANCE: Final = "{name}_relevance"  # the layer of a wide block's column weights, which `weigh_columns` starts


@keras.saving.register_keras_serializable("mmkeras")
class PerColumn(layers.Layer):
    """A Dense layer of its own for each column: [b, n, f] -> [b, n, units], y_j = x_j W_j + b_j.

    The feature tokenizer of Gorishniy et al. 2021 (arXiv:2106.11959, section 3.3), for f features a column. Weights are
    initialised as those of n Dense layers.
    """

    def __init__(self, units: int, activation: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, shape: Any) -> None:
        _, n, size = shape
        limit = math.sqrt(6.0 / (size + self.units))  # Glorot & Bengio 2010, of each column's matrix
        uniform = keras.initializers.RandomUniform(-limit, limit)
        self.kernel = self.add_weight(shape=(n, size, self.units), initializer=uniform, name="kernel")
        self.bias = self.add_weight(shape=(1, n, self.units), initializer="zeros", name="bias")

    def call(self, x: Tensor) -> Tensor:
        # a product of matrices a column: einsum is written with more operations in two of the formats
        y = ops.matmul(ops.transpose(x, (1, 0, 2)), self.kernel)  # [n, b, f] x [n, f, units] -> [n, b, units]
        return self.activation(ops.transpose(y, (1, 0, 2)) + self.bias)

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        return {**super().get_config(), "units": self.units, "activation": activation}


@keras.saving.register_keras_serializable("mmkeras")
class MissingColumns(layers.Layer):
    """A learned token in place of each missing cell: tokens [b, n, width], present [b, n] -> [b, n, width]."""

    def build(self, tokens_shape: Any, present_shape: Any) -> None:
        self.tokens = self.add_weight(shape=(1, *tokens_shape[1:]), initializer="random_normal", name="tokens")

    def call(self, tokens: Tensor, present: Tensor) -> Tensor:
        weight = ops.expand_dims(ops.cast(present, tokens.dtype), 2)  # [b, n, 1]
        return tokens * weight + self.tokens * (1.0 - weight)


@keras.saving.register_keras_serializable("mmkeras")
class ColumnWeights(layers.Layer):
    """A learned weight for each column: [b, n, f] -> [b, n, f], times [n]; ones at first."""

    def build(self, shape: Any) -> None:
        self.weights_of = self.add_weight(shape=(1, shape[1], 1), initializer="ones", name="weights")

    def call(self, x: Tensor) -> Tensor:
        return x * ops.cast(self.weights_of, x.dtype)


def encode_numbers(values: Tensor, present: Tensor, width: int, name: str) -> Encoded:
    """Features of a block [b, n, f] and presence [b, n] -> n tokens, or POOLED ones of a wide block."""
    if values.shape[1] > MOST_TOKENS:
        return encode_wide(values, present, width, name)
    x = PerColumn(width, "relu", name=f"{name}_hidden")(values)
    x = PerColumn(width, name=f"{name}_token")(x)
    tokens = MissingColumns(name=f"{name}_missing_columns")(x, present)
    return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))


def encode_wide(values: Tensor, present: Tensor, width: int, name: str) -> Encoded:
    """Features [b, n, f] of many columns and presence [b, n] -> POOLED tokens, by Dense layers of all of them."""
    n, size = values.shape[1:]
    there = layers.Reshape((n, 1), name=f"{name}_there")(present)
    x = layers.Concatenate(name=f"{name}_values")([values * there, 1.0 - there])
    x = ColumnWeights(name=RELEVANCE.format(name=name))(x)
    x = layers.Reshape((n * (size + 1),), name=f"{name}_row")(x)  # [b, n, f + 1] -> [b, n * (f + 1)]
    return pooled_tokens(layers.Dense(width, activation="relu", name=f"{name}_hidden")(x), width, name)


def pooled_tokens(x: Tensor, width: int, name: str) -> Encoded:
    """One vector of all columns, [b, size] -> POOLED tokens."""
    x = layers.Dense(POOLED * width, name=f"{name}_token")(x)
    tokens = layers.Reshape((POOLED, width), name=f"{name}_tokens")(x)  # [b, POOLED * width] -> [b, POOLED, width]
    return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))
