"""Text as a sequence: row numbers of its tokens, in their order -> one vector a token, by a Transformer or a GRU."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from mmkeras.modalities.encoded import Encoded
from mmkeras.modalities.text.exact import Tensor

FEED_FORWARD = 4  # times `width`: the hidden layer of a Transformer's block (Vaswani et al. 2017)


class SequenceIds(layers.Layer):
    """Row numbers as `LookUp` gives them for `orders` 1 -> ids of the first `max_tokens` tokens.

    Call: [b, W] whole numbers, int32 or float32, 0 where unused, tokens in front -> int32 [b, the smaller of both].
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


def encode_transformer(
    ids: Tensor, n_rows: int, width: int, depth: int, heads: int, dropout: float, max_tokens: int, name: str
) -> Encoded:
    """int32 ids [b, T], 0 where there is no token -> tokens [b, T, width], mask [b, T]; T at most `max_tokens`.

    A Transformer with learned positions (Vaswani et al. 2017), normalised in front of each part (Xiong et al. 2020),
    all of keras-hub. n_rows: ids are smaller than it; depth: blocks; heads: of a block, a divisor of `width`.
    What the blocks add to has a variance of 1 from the start (section 3.4 of Vaswani et al.): with keras-hub's own
    first weights, 0.05 at most, words are slow to be told apart, which costs a translation 2 to 3 BLEU.
    """
    from keras_hub.layers import TokenAndPositionEmbedding, TransformerEncoder  # late: a second, and only for this

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


class BothWays(layers.Layer):
    """A GRU that reads a text from its start, and one from its end. Inference as a loop where `looped`.

    Call: vectors float32 [b, T, width], shown [b, T], 1.0 where there is a token -> float32 [b, T, 2 * units].

    Why not `keras.layers.Bidirectional`: Keras keeps the states in a list of tensors, which LiteRT has only for a fixed
    batch; unrolled, a text of 64 tokens has thousands of ops, and the shortest takes as long as the longest. The loop
    here computes both ways at once and adds each state into an array at its place. Its weights are those of Keras' GRU,
    which is what trains (on a GPU by cuDNN, for which unused places must be behind the text).
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
        """-> float32 [2, b, T, units], the states of both ways, each in its own order (Cho et al. 2014).

        The reset gate comes behind the recurrent product, as in Keras and cuDNN.
        """
        cells = (self.ahead.cell, self.back.cell)
        kernel = ops.stack([cell.kernel.value for cell in cells])[:, None]  # [2, 1, width, 3 * units]
        recurrent = ops.stack([cell.recurrent_kernel.value for cell in cells])  # [2, units, 3 * units]
        bias, recurrent_bias = (ops.stack([cell.bias[k] for cell in cells])[:, None] for k in (0, 1))  # [2, 1, 3 units]
        both = ops.stack([vectors, ops.flip(vectors, axis=1)])  # [2, b, T, width]
        given = ops.matmul(both, kernel) + bias[:, None]  # [2, b, T, 3 * units]
        there = ops.expand_dims(ops.stack([shown, ops.flip(shown, axis=1)]), 3)  # [2, b, T, 1]
        length = tf.shape(vectors)[1]
        places = tf.range(length)

        def step(k: Tensor, state: Tensor, states: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            x_z, x_r, x_h = ops.split(tf.gather(given, k, axis=2), 3, axis=2)  # [2, b, units] each
            h_z, h_r, h_h = ops.split(ops.matmul(state, recurrent) + recurrent_bias, 3, axis=2)
            update, reset = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
            new = update * state + (1.0 - update) * ops.tanh(x_h + reset * h_h)
            state = state + tf.gather(there, k, axis=2) * (new - state)  # padding changes nothing
            here = tf.cast(tf.equal(places, k), "float32")[:, None]  # [T, 1]
            return k + 1, state, states + here * state[:, :, None]

        nothing = ops.zeros_like(given[..., : self.units])  # [2, b, T, units]
        return tf.while_loop(lambda k, *_: k < length, step, (tf.constant(0), nothing[:, :, 0], nothing))[2]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "looped": self.looped}


def encode_gru(
    ids: Tensor, n_rows: int, width: int, dropout: float, max_tokens: int, looped: bool, name: str
) -> Encoded:
    """int32 ids [b, T], 0 where there is no token -> tokens [b, T, width], the states of a GRU both ways, mask [b, T].

    n_rows: ids are smaller than it; width: even. looped: as the exported graph wants it; the weights are the same.
    max_tokens: T is at most this, which nothing here depends on.
    """
    mask = ops.cast(ids > 0, "float32")
    x = layers.Embedding(n_rows, width, name=f"{name}_embedding")(ids)  # [b, T, width]
    x = layers.Dropout(dropout, name=f"{name}_embedding_dropout")(x)
    return Encoded(BothWays(width // 2, looped, name=f"{name}_gru")(x, mask), mask)
