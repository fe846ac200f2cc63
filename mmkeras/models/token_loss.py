"""The cross-entropy of tokens, from the inputs of the output projection."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

Tensor = Any


class TokenLoss(keras.losses.Loss):
    """-log P of each token, for a model whose output is the input of `embedding`'s output projection.

    Call: tokens int32 [b, T], vectors float32 [b, T, width]; the mean over all tokens.

    Why not logits and Keras' loss: the logits of 20 x 35 tokens and a vocabulary of 10,000 are 28 MB, and each softmax
    over them takes as long as a matrix product. Here the exponentials are never divided by their sums: the sums divide
    the vectors, which are 50 times smaller. XLA computes the maxima, the exponentials, their sums and the target logits
    in two passes over 28 MB, TensorFlow in four and Keras in seven. The matrix products stay TensorFlow's, which are
    faster.
    """

    def __init__(self, embedding: Any, **options: Any) -> None:
        super().__init__(**{"name": "piece_loss", **options})
        self.embedding = embedding

    def call(self, targets: Tensor, vectors: Tensor) -> Tensor:
        flat = tf.reshape(vectors, (-1, vectors.shape[-1]))  # [b, T, width] -> [b * T, width]
        token_ids = tf.cast(tf.reshape(targets, (-1,)), "int32")  # Keras passes them as floats
        # tensors, for a custom gradient takes no variables
        matrix, bias = map(tf.convert_to_tensor, self.embedding.logit_weights())
        losses = token_nll(flat, matrix, bias, token_ids)
        return tf.reshape(losses, tf.shape(targets))


def token_nll(x: Tensor, matrix: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
    """float32 [n, width], [vocabulary, width], [vocabulary] and int32 [n] -> losses float32 [n]."""

    @tf.custom_gradient
    def loss(x: Tensor, matrix: Tensor, bias: Tensor) -> Any:
        logits = tf.nn.bias_add(tf.matmul(x, matrix, transpose_b=True), bias)  # [n, vocabulary]
        compute = cross_entropy if tf.config.list_physical_devices("GPU") else compiled
        losses, slopes, total = compute(logits, targets)

        def gradient(upstream: Tensor) -> Any:
            share = upstream / total  # [n]
            d_x = tf.matmul(slopes, matrix) * share[:, None]
            d_matrix = tf.matmul(slopes, x * share[:, None], transpose_a=True)
            return d_x, d_matrix, tf.linalg.matvec(slopes, share, transpose_a=True)

        return losses, gradient

    return loss(x, matrix, bias)


def cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """float32 [n, vocabulary], int32 [n] -> losses [n], d loss / d logits times `total` [n, vocabulary], total [n]."""
    highest = tf.reduce_max(logits, axis=1)
    powers = tf.exp(logits - highest[:, None])
    total = tf.reduce_sum(powers, axis=1)
    indices = tf.stack([tf.range(tf.size(targets)), targets], axis=1)  # [n, 2]
    losses = tf.math.log(total) + highest - tf.gather_nd(logits, indices)
    return losses, tf.tensor_scatter_nd_sub(powers, indices, total), total


compiled = tf.function(cross_entropy, jit_compile=True)


class SmoothedTokenLoss(keras.losses.Loss):
    """Cross-entropy of tokens with label smoothing (section 5.4 of Vaswani et al. 2017).

    Call: tokens int32 [b, T], logits [b, T, vocabulary]; the mean over the tokens that have a weight.
    """

    def __init__(self, smoothing: float, **options: Any) -> None:
        super().__init__(**{"reduction": "mean_with_sample_weight", "name": "smoothed_pieces", **options})
        self.smoothing = smoothing

    def call(self, targets: Tensor, logits: Tensor) -> Tensor:
        flat = ops.reshape(logits, (-1, logits.shape[-1]))  # [b, T, vocabulary] -> [b * T, vocabulary]
        token_ids = ops.cast(ops.reshape(targets, (-1,)), "int32")  # Keras passes them as floats
        return ops.reshape(smoothed(token_ids, flat, self.smoothing), ops.shape(targets))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "smoothing": self.smoothing}


def smoothed(targets: Tensor, logits: Tensor, smoothing: float) -> Tensor:
    """int32 [n], float32 [n, vocabulary] -> losses float32 [n], in few passes over the logits, the largest array.

    One kernel of TensorFlow returns -log P and its gradient; the smoothing's part is linear in the logits.
    """

    @tf.custom_gradient
    def loss(logits: Tensor) -> Any:
        plain, back = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=targets)
        target_logits = tf.gather(logits, targets, axis=1, batch_dims=1)
        n, vocabulary_size = tf.shape(logits)[0], logits.shape[1]

        def gradient(upstream: Tensor) -> Tensor:
            indices = tf.stack([tf.range(n), tf.cast(targets, tf.int32)], axis=1)  # [n, 2]
            slopes = tf.tensor_scatter_nd_add(back, indices, tf.fill([n], smoothing))
            return upstream[:, None] * (slopes - smoothing / vocabulary_size)

        return plain + smoothing * (target_logits - tf.reduce_mean(logits, axis=1)), gradient

    return loss(logits)
