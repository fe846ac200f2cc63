"""Text as a sequence: the row numbers of its tokens in order -> one vector a token, by a Transformer or a GRU."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from mmkeras.modalities.encoded import Encoded
from mmkeras.modalities.text.exact import Tensor

FEED_FORWARD = 4  # times `width`: units of the hidden layer of a Transformer block (Vaswani et al. 2017)


@keras.saving.register_keras_serializable("mmkeras")
class SequenceIds(layers.Layer):
    """The row numbers that `LookUp` returns for `orders` 1 -> ids of the first `max_tokens` tokens.

    Call: [b, W] whole numbers, int32 or float32, the tokens first, 0 behind -> int32 [b, min(W, max_tokens)].
    """

    def __init__(self, max_tokens: int, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.max_tokens = max_tokens

    def call(self, rows: Tensor) -> Tensor:
        return ops.cast(rows[:, : self.max_tokens], "int32")

    def compute_output_spec(self, rows: Tensor) -> Tensor:
        batch, width = rows.shape
        return keras.KerasTensor((batch, None if width is None else min(width, self.max_tokens)), "int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_tokens": self.max_tokens}


@keras.saving.register_keras_serializable("mmkeras")
class Padded(layers.Layer):
    """Ids int32 [b, T], T at most `length` -> [b, length], zeros behind.

    The same number of zeros whatever the batch: a layer that knows no mask has one answer to a text, in every format.
    """

    def __init__(self, length: int, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.length = length

    def call(self, ids: Tensor) -> Tensor:
        padded = ops.pad(ids, ((0, 0), (0, self.length)))[:, : self.length]
        return ops.reshape(padded, (-1, self.length))  # [b, length], which the slice of an unknown T does not tell

    def compute_output_spec(self, ids: Tensor) -> Tensor:
        return keras.KerasTensor((ids.shape[0], self.length), "int32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "length": self.length}


def encode_transformer(
    ids: Tensor, n_rows: int, width: int, depth: int, heads: int, dropout: float, max_tokens: int, name: str
) -> Encoded:
    """int32 ids [b, T], 0 for padding -> tokens [b, T, width], mask [b, T]; T at most `max_tokens`.

    A pre-norm Transformer (Vaswani et al. 2017; Xiong et al. 2020) with learned positions, of keras-hub's layers.
    n_rows: ids are smaller than it; depth: blocks; heads: of a block, a divisor of `width`.
    The embeddings start with a variance of 1 (section 3.4 of Vaswani et al.): with keras-hub's initial weights, at most
    0.05, training is slow to tell words apart, which costs a translation 2 to 3 BLEU.
    """
    from keras_hub.layers import TokenAndPositionEmbedding, TransformerEncoder  # late: the import takes a second

    mask = ops.cast(ids > 0, "float32")
    start = keras.initializers.RandomNormal(stddev=width**-0.5)
    embed = TokenAndPositionEmbedding(n_rows, max_tokens, width, embeddings_initializer=start, name=f"{name}_embedding")
    x = layers.Rescaling(width**0.5, name=f"{name}_embedding_scaled")(embed(ids))  # [b, T, width]
    x = layers.Dropout(dropout, name=f"{name}_embedding_dropout")(x)
    for k in range(depth):
        x = TransformerEncoder(
            FEED_FORWARD * width, heads, dropout=dropout, normalize_first=True, name=f"{name}_block_{k}"
        )(x, padding_mask=mask)
    return Encoded(layers.LayerNormalization(name=f"{name}_norm")(x), mask)


@keras.saving.register_keras_serializable("mmkeras")
class BothWays(layers.Layer):
    """A bidirectional GRU. looped: at inference, compute both directions in one while loop.

    Call: vectors float32 [b, T, width], shown [b, T], 1.0 for a token, 0.0 for padding -> float32 [b, T, 2 * units].

    Why not `keras.layers.Bidirectional`: Keras collects the states in a list of tensors, which LiteRT supports for a
    fixed batch alone; unrolled, a text of 64 tokens has thousands of ops, and the shortest takes as long as the
    longest. The loop here computes both directions at once and adds each state into an array at its position. The
    weights are those of Keras' GRU, which runs in training (on a GPU by cuDNN, for which padding must be at the end).
    """

    def __init__(self, units: int, looped: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.looped = units, looped
        self.ahead = layers.GRU(units, return_sequences=True, name="ahead")
        self.back = layers.GRU(units, return_sequences=True, go_backwards=True, name="back")

    def build(self, vectors_shape: Any, shown_shape: Any) -> None:
        self.ahead.build(vectors_shape)
        self.back.build(vectors_shape)

    def compute_output_shape(self, vectors_shape: Any, shown_shape: Any) -> Any:
        return (*vectors_shape[:2], 2 * self.units)

    def call(self, vectors: Tensor, shown: Tensor, training: bool = False) -> Tensor:
        if self.looped and not training:
            ahead, back = ops.split(self.loop(vectors, shown), 2)  # [1, b, T, units] each
            return ops.concatenate([ahead[0], ops.flip(back[0], axis=1)], axis=2)
        mask = ops.cast(shown, "bool")
        ahead, back = (gru(vectors, mask=mask, training=training) for gru in (self.ahead, self.back))
        return ops.concatenate([ahead, ops.flip(back, axis=1)], axis=2)

    def loop(self, vectors: Tensor, shown: Tensor) -> Tensor:
        """The states of both directions, each in its order of time, float32 [2, b, T, units] (Cho et al. 2014).

        The reset gate is applied after the recurrent product, as in Keras and cuDNN.
        """
        cells = (self.ahead.cell, self.back.cell)
        kernel = ops.stack([cell.kernel.value for cell in cells])[:, None]  # [2, 1, width, 3 * units]
        recurrent = ops.stack([cell.recurrent_kernel.value for cell in cells])  # [2, units, 3 * units]
        bias, recurrent_bias = (ops.stack([cell.bias[k] for cell in cells])[:, None] for k in (0, 1))  # [2, 1, 3 units]
        both = ops.stack([vectors, ops.flip(vectors, axis=1)])  # [2, b, T, width]
        inputs = ops.matmul(both, kernel) + bias[:, None]  # [2, b, T, 3 * units]
        mask = ops.expand_dims(ops.stack([shown, ops.flip(shown, axis=1)]), 3)  # [2, b, T, 1]
        length = tf.shape(vectors)[1]
        positions = tf.range(length)

        def step(k: Tensor, state: Tensor, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            x_z, x_r, x_h = ops.split(tf.gather(inputs, k, axis=2), 3, axis=2)  # [2, b, units] each
            h_z, h_r, h_h = ops.split(ops.matmul(state, recurrent) + recurrent_bias, 3, axis=2)
            update, reset = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
            new = update * state + (1.0 - update) * ops.tanh(x_h + reset * h_h)
            state = state + tf.gather(mask, k, axis=2) * (new - state)  # padding leaves the state unchanged
            is_k = tf.cast(tf.equal(positions, k), "float32")[:, None]  # [T, 1]
            return k + 1, state, states + is_k * state[:, :, None]

        zeros = ops.zeros_like(inputs[..., : self.units])  # [2, b, T, units]
        return tf.while_loop(lambda k, *_: k < length, step, (tf.constant(0), zeros[:, :, 0], zeros))[2]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "looped": self.looped}


def encode_gru(
    ids: Tensor, n_rows: int, width: int, dropout: float, max_tokens: int, looped: bool, name: str
) -> Encoded:
    """int32 ids [b, T], 0 for padding -> tokens [b, T, width], the states of a bidirectional GRU, and mask [b, T].

    n_rows: ids are smaller than it; width: even. looped: True in the exported graph; the weights are the same.
    max_tokens: the largest T; unused here.
    """
    mask = ops.cast(ids > 0, "float32")
    x = layers.Embedding(n_rows, width, name=f"{name}_embedding")(ids)  # [b, T, width]
    x = layers.Dropout(dropout, name=f"{name}_embedding_dropout")(x)
    return Encoded(BothWays(width // 2, looped, name=f"{name}_gru")(x, mask), mask)
