"""The cross-entropy of pieces, from the vectors that logits are made of."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

Tensor = Any


class TokenLoss(keras.losses.Loss):
    """-log P of each piece, of a model whose output is what `embedding` would turn into logits.

    Call: pieces int32 [b, T], vectors float32 [b, T, width]; the mean over all.

    Why not logits and Keras' loss: the logits of 20 x 35 pieces of 10,000 are 28 MB, and what is done to them takes as
    long as a matrix product. Here the probabilities are never divided by their sum: the sums divide the vectors, which
    are 50 times smaller. XLA makes the highest, the powers, their sums and the right pieces' part two passes over 28 MB
    where TensorFlow has four and Keras seven; the products stay TensorFlow's, which are faster.
    """

    def __init__(self, embedding: Any, **options: Any) -> None:
        super().__init__(**{"name": "piece_loss", **options})
        self.embedding = embedding

    def call(self, wanted: Tensor, vectors: Tensor) -> Tensor:
        flat = tf.reshape(vectors, (-1, vectors.shape[-1]))  # [b, T, width] -> [b * T, width]
        numbers = tf.cast(tf.reshape(wanted, (-1,)), "int32")  # Keras hands them over as floats
        matrix, bias = map(tf.convert_to_tensor, self.embedding.logit_weights())  # no variables, which have a gradient
        losses = minus_log_p(flat, matrix, bias, numbers)
        return tf.reshape(losses, tf.shape(wanted))


def minus_log_p(x: Tensor, matrix: Tensor, bias: Tensor, wanted: Tensor) -> Tensor:
    """float32 [n, width], [pieces, width], [pieces] and int32 [n] -> float32 [n]."""

    @tf.custom_gradient
    def loss(x: Tensor, matrix: Tensor, bias: Tensor) -> Any:
        logits = tf.nn.bias_add(tf.matmul(x, matrix, transpose_b=True), bias)  # [n, pieces]; one kernel for both
        losses, slopes, total = (compared if tf.config.list_physical_devices("GPU") else compiled)(logits, wanted)

        def gradient(above: Tensor) -> Any:
            share = above / total  # [n]
            d_x = tf.matmul(slopes, matrix) * share[:, None]
            d_matrix = tf.matmul(slopes, x * share[:, None], transpose_a=True)
            return d_x, d_matrix, tf.linalg.matvec(slopes, share, transpose_a=True)

        return losses, gradient

    return loss(x, matrix, bias)


def compared(logits: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """float32 [n, pieces], int32 [n] -> losses [n], d loss / d logits times `total` [n, pieces], total [n]."""
    highest = tf.reduce_max(logits, axis=1)
    powers = tf.exp(logits - highest[:, None])
    total = tf.reduce_sum(powers, axis=1)
    places = tf.stack([tf.range(tf.size(wanted)), wanted], axis=1)  # [n, 2]
    losses = tf.math.log(total) + highest - tf.gather_nd(logits, places)
    return losses, tf.tensor_scatter_nd_sub(powers, places, total), total


compiled = tf.function(compared, jit_compile=True)


class SmoothedTokenLoss(keras.losses.Loss):
    """Cross-entropy of pieces against a share of the probability spread over all (section 5.4 of Vaswani et al. 2017).

    Call: pieces int32 [b, T], logits [b, T, pieces]; a mean over all that have a weight.
    """

    def __init__(self, smoothing: float, **options: Any) -> None:
        super().__init__(**{"reduction": "mean_with_sample_weight", "name": "smoothed_pieces", **options})
        self.smoothing = smoothing

    def call(self, wanted: Tensor, logits: Tensor) -> Tensor:
        flat = ops.reshape(logits, (-1, logits.shape[-1]))  # [b, T, pieces] -> [b * T, pieces]
        numbers = ops.cast(ops.reshape(wanted, (-1,)), "int32")  # Keras hands them over as floats
        return ops.reshape(smoothed(numbers, flat, self.smoothing), ops.shape(wanted))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "smoothing": self.smoothing}


def smoothed(wanted: Tensor, logits: Tensor, smoothing: float) -> Tensor:
    """int32 [n], float32 [n, pieces] -> float32 [n]; goes over the logits, the largest array, a few times only.

    TensorFlow's one kernel gives -log P and its gradient; what the smoothing adds is linear in the logits.
    """

    @tf.custom_gradient
    def loss(logits: Tensor) -> Any:
        plain, back = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=wanted)
        right = tf.gather(logits, wanted, axis=1, batch_dims=1)
        n, pieces = tf.shape(logits)[0], logits.shape[1]

        def gradient(above: Tensor) -> Tensor:
            places = tf.stack([tf.range(n), tf.cast(wanted, tf.int32)], axis=1)  # [n, 2]
            own = tf.tensor_scatter_nd_add(back, places, tf.fill([n], smoothing))
            return above[:, None] * (own - smoothing / pieces)

        return plain + smoothing * (right - tf.reduce_mean(logits, axis=1)), gradient

    return loss(logits)
