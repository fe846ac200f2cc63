"""What every encoder returns, whatever its kind of column, and the layers that all kinds share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
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
    """A column whose features are a bag, `<name>_rows` int32 [b, F] and `<name>_weights` float32 [b, F], as models that
    count features by themselves read it.

    n_rows: rows of the embedding table, one for each feature. vectors: initial word vectors, float32 [n_rows, dim];
    None where none were loaded, or where they are among the model's weights already. vector_dim: their dimensions; None
    where no vectors were loaded. beside: the size of the vector of a frozen preset that stands beside the bag, the
    feature `<name>_sentence_embedding` float32 [b, beside]; 0 without one. bits: of a number in the tables of the
    deployed model; None for float32. version: of the rule of features; models of version 1 have no prior.
    row_lengths: of texts, for which a model with bits has a faster function.
    """

    n_rows: int
    vectors: np.ndarray | None = None
    vector_dim: int | None = None
    beside: int = 0
    bits: int | None = None
    version: int = 1
    row_lengths: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sizes:
    """The size of a model. width: of a token, from which all other widths follow; depth: Transformer blocks of a text
    and of the fusion; heads: of attention; dropout: a share.
    """

    width: int = 64
    depth: int = 2
    heads: int = 4
    dropout: float = 0.1


@keras.saving.register_keras_serializable("mmkeras")
class MaskedMean(layers.Layer):
    """Tokens [b, T, width], mask [b, T] -> the mean of the unmasked tokens, [b, width]; zeros if all are masked."""

    def call(self, tokens: Tensor, shown: Tensor) -> Tensor:  # Keras would fill in an argument called `mask` by itself
        weight = ops.cast(shown, tokens.dtype)
        total = ops.squeeze(ops.matmul(ops.expand_dims(weight, 1), tokens), 1)  # [b, 1, T] x [b, T, width]
        return total / ops.maximum(ops.sum(weight, axis=1, keepdims=True), 1.0)  # [b, width]
