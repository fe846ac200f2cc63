"""What every encoder returns, whatever it read, and the layers that treat all of them alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers, ops

Tensor = Any


@dataclass(frozen=True)
class Encoded:
    """One column of a batch. tokens: [b, T, width]; mask: float32 [b, T], 1.0 where there is a token."""

    tokens: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Bag:
    """What a model that counts features by itself must know of a column whose features are a bag: `<name>_rows` int32
    [b, F] and `<name>_weights` float32 [b, F].

    n_rows: of a table with a row for each feature. vectors: of features, float32 [n_rows, dim], to begin with; None
    where none were loaded, or where they are among the model's weights already. vector_dim: how many dimensions they
    have; None where none were loaded.
    """

    n_rows: int
    vectors: np.ndarray | None = None
    vector_dim: int | None = None


@dataclass(frozen=True)
class Sizes:
    """How large a model is, by one dial. width: of a token, from which the rest follows; depth: Transformer blocks of a
    text and of the fusion; dropout: a share.
    """

    width: int = 64
    depth: int = 2
    heads: int = 4
    dropout: float = 0.1


class MaskedMean(layers.Layer):
    """Tokens [b, T, width], mask [b, T] -> the mean of the tokens that are there, [b, width]; zeros if none is."""

    def call(self, tokens: Tensor, shown: Tensor) -> Tensor:  # an argument `mask` would be Keras' own
        shown = ops.cast(shown, tokens.dtype)
        total = ops.squeeze(ops.matmul(ops.expand_dims(shown, 1), tokens), 1)  # [b, 1, T] x [b, T, width] -> [b, width]
        return total / ops.maximum(ops.sum(shown, axis=1, keepdims=True), 1.0)
