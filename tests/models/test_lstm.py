"""The LSTM that trains fast, against Keras' own."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.models.lstm import LSTM

WIDTH, UNITS = 5, 4


def twins() -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Ours and Keras' own, with the same weights, all of them random."""
    ours, theirs = (kind(UNITS, return_sequences=True, return_state=True) for kind in (LSTM, keras.layers.LSTM))
    rng = np.random.default_rng(0)
    for layer in (ours, theirs):
        layer.build((None, None, WIDTH))
    weights = [rng.normal(size=w.shape).astype("float32") for w in ours.get_weights()]
    ours.set_weights(weights)
    theirs.set_weights(weights)
    return ours, theirs


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("rows", "steps", "results"), [(3, 1, 3), (4, 2, 3), (3, 9, 1), (4, 9, 3)])
def test_answers_and_gradients_are_those_of_keras(rows: int, steps: int, results: int, compiled: bool) -> None:
    """Of an even number of rows both halves go separate ways; a training looks at the first result alone."""
    rng = np.random.default_rng(steps)
    x = tf.constant(rng.normal(size=(rows, steps, WIDTH)).astype("float32"))
    states = [tf.constant(rng.normal(size=(rows, UNITS)).astype("float32")) for _ in range(2)]
    wanted = [
        tf.constant(rng.normal(size=s).astype("float32")) for s in ((rows, steps, UNITS), (rows, UNITS), (rows, UNITS))
    ]

    def both(layer: keras.layers.Layer) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        @tf.function(jit_compile=compiled)
        def run() -> tuple[list[tf.Tensor], list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                tape.watch([x, *states])
                found = layer(x, initial_state=states)
                loss = tf.add_n([tf.reduce_sum(f * w) for f, w in zip(found[:results], wanted, strict=False)])
            return list(found), tape.gradient(loss, [x, *states, *[v.value for v in layer.trainable_variables]])

        return run()

    (found, gradients), (known, known_gradients) = map(both, twins())
    assert len(gradients) == len(known_gradients) == 6
    for own, other in zip([*found, *gradients], [*known, *known_gradients], strict=True):
        np.testing.assert_allclose(own, other, atol=2e-5)


@pytest.mark.parametrize("of_states", [2, None])
@pytest.mark.parametrize("shape", [(2, 5), (2, None), (None, 5), (None, None)])
def test_sizes_may_be_unknown(shape: tuple[int | None, int | None], of_states: int | None) -> None:
    ours, theirs = twins()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, WIDTH)).astype("float32")
    states = [rng.normal(size=(2, UNITS)).astype("float32") for _ in range(2)]

    @tf.function(input_signature=[tf.TensorSpec((*shape, WIDTH)), *[tf.TensorSpec((of_states, UNITS))] * 2])
    def run(x: tf.Tensor, *states: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = ours(x, initial_state=list(states))[0]
        return outputs, tape.gradient(outputs, x)

    np.testing.assert_allclose(run(x, *states)[0], theirs(x, initial_state=states)[0], atol=1e-5)


def test_weights_are_those_of_keras_under_the_same_names() -> None:
    ours, theirs = twins()
    assert ours.__class__.__name__ == theirs.__class__.__name__  # Keras stores weights under it
    assert [v.path.split("/", 1)[1] for v in ours.weights] == [v.path.split("/", 1)[1] for v in theirs.weights]
