"""The losses of models that write: of tied tables without their logits, and with label smoothing."""

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
    wanted = rng.integers(0, 7, (3, 4)).astype("int32")
    weights = rng.integers(0, 2, (3, 4)).astype("float32")
    targets = (1 - smoothing) * np.eye(7, dtype="float32")[wanted] + smoothing / 7
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = SmoothedTokenLoss(smoothing)(wanted, logits, sample_weight=weights)
        each = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        theirs = tf.reduce_sum(each * weights) / weights.sum()
    assert float(ours) == pytest.approx(float(theirs), abs=1e-6)
    np.testing.assert_allclose(tape.gradient(ours, logits), tape.gradient(theirs, logits), atol=1e-6)


@pytest.mark.parametrize("tied", [True, False])
def test_the_loss_is_the_cross_entropy_of_the_logits(tied: bool) -> None:
    keras.utils.set_random_seed(0)
    embedding = PieceEmbedding(11, WIDTH, tie_weights=tied)
    embedding.build()
    rng = np.random.default_rng(0)
    embedding.set_weights([rng.normal(size=w.shape).astype("float32") * 3 for w in embedding.get_weights()])
    vectors = tf.constant(rng.normal(size=(2, 3, WIDTH)).astype("float32") * 9)  # logits of hundreds
    wanted = tf.constant([[1, 10, 1], [0, 4, 1]])  # one of them several times
    sources = [vectors, *[v.value for v in embedding.trainable_variables]]
    found = []
    for loss in ("ours", "theirs"):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            if loss == "ours":
                value = TokenLoss(embedding)(wanted, vectors)
            else:
                plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
                value = plain(wanted, embedding(vectors, reverse=True))
        gradients = tape.gradient(value, sources, unconnected_gradients="zero")
        found.append([value, *gradients])
    for own, other in zip(*found, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-5, atol=1e-5)
