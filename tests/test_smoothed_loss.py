"""The loss of pieces with label smoothing, against its definition."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_the_loss_and_its_gradient_are_those_of_smoothed_targets(smoothing: float) -> None:
    import tensorflow as tf

    from mmkeras.models.token_loss import SmoothedPieces

    rng = np.random.default_rng(0)
    logits = tf.constant(rng.normal(size=(3, 4, 7)).astype("float32") * 3)
    wanted = rng.integers(0, 7, (3, 4)).astype("int32")
    weights = rng.integers(0, 2, (3, 4)).astype("float32")
    targets = (1 - smoothing) * np.eye(7, dtype="float32")[wanted] + smoothing / 7
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = SmoothedPieces(smoothing)(wanted, logits, sample_weight=weights)
        each = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        theirs = tf.reduce_sum(each * weights) / weights.sum()
    assert float(ours) == pytest.approx(float(theirs), abs=1e-6)
    np.testing.assert_allclose(tape.gradient(ours, logits), tape.gradient(theirs, logits), atol=1e-6)
