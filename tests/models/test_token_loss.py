"""The losses of models that generate text: without logits from tied embeddings, and with label smoothing."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.models.token_embedding import PieceEmbedding
from mmkeras.models.token_loss import TokenLoss

WIDTH, UNITS = 5, 4


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_the_loss_and_its_gradient_are_those_of_smoothed_targets(smoothing: float) -> None:
    import tensorflow as tf

    from mmkeras.models.token_loss import SmoothedTokenLoss

    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(size=(3, 4, 7)).astype("float32") * 3)
    targets = rng.integers(0, 7, (3, 4)).astype("int32")
    weights = rng.integers(0, 2, (3, 4)).astype("float32")
    smoothed = (1 - smoothing) * np.eye(7, dtype="float32")[targets] + smoothing / 7
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        loss = SmoothedTokenLoss(smoothing)(targets, logits, sample_weight=weights)
        losses = tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)
        expected = tf.reduce_sum(losses * weights) / weights.sum()
    assert float(loss) == pytest.approx(float(expected), abs=1e-6)
    np.testing.assert_allclose(tape.gradient(loss, logits), tape.gradient(expected, logits), atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_the_loss_is_the_cross_entropy_of_the_logits(tied: bool) -> None:
    keras.utils.set_random_seed(0)
    embedding = PieceEmbedding(11, WIDTH, tie_weights=tied)
    embedding.build()
    rng = np.random.default_rng(0)
    embedding.set_weights([rng.normal(size=w.shape).astype("float32") * 3 for w in embedding.get_weights()])
    vectors = tf.constant(rng.normal(size=(2, 3, WIDTH)).astype("float32") * 9)  # logits of hundreds
    targets = tf.constant([[1, 10, 1], [0, 4, 1]])  # one of them several times
    sources = [vectors, *[v.value for v in embedding.trainable_variables]]
    results = []
    for loss in ("TokenLoss", "reference"):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            if loss == "TokenLoss":
                value = TokenLoss(embedding)(targets, vectors)
            else:
                plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                value = plain(targets, embedding(vectors, reverse=True))
        gradients = tape.gradient(value, sources, unconnected_gradients="zero")
        results.append([value, *gradients])
    for actual, expected in zip(*results, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
