"""The LSTM with faster training, against Keras' LSTM."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.models.lstm import LSTM

WIDTH, UNITS = 5, 4


def twins() -> tuple[keras.layers.Layer, keras.layers.Layer]:
    """Our layer and Keras' layer, with the same random weights."""
    layer, reference = (kind(UNITS, return_sequences=True, return_state=True) for kind in (LSTM, keras.layers.LSTM))
    rng = np.random.default_rng(0)
    for each in (layer, reference):
        each.build((None, None, WIDTH))
    weights = [rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()]
    layer.set_weights(weights)
    reference.set_weights(weights)
    return layer, reference


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("rows", "steps", "results"), [(3, 1, 3), (4, 2, 3), (3, 9, 1), (4, 9, 3)])
def test_answers_and_gradients_are_those_of_keras(rows: int, steps: int, results: int, compiled: bool) -> None:
    """An even number of rows is split into two loops; a training uses the first result alone."""
    rng = np.random.default_rng(steps)
    x = tf.constant(rng.normal(size=(rows, steps, WIDTH)).astype("float32"))
    states = [tf.constant(rng.normal(size=(rows, UNITS)).astype("float32")) for _ in range(2)]
    factors = [
        tf.constant(rng.normal(size=s).astype("float32")) for s in ((rows, steps, UNITS), (rows, UNITS), (rows, UNITS))
    ]

    def outputs_and_gradients(layer: keras.layers.Layer) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        @tf.function(jit_compile=compiled)
        def run() -> tuple[list[tf.Tensor], list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                tape.watch([x, *states])
                outputs = layer(x, initial_state=states)
                loss = tf.add_n([tf.reduce_sum(o * f) for o, f in zip(outputs[:results], factors, strict=False)])
            return list(outputs), tape.gradient(loss, [x, *states, *[v.value for v in layer.trainable_variables]])

        return run()

    (outputs, gradients), (expected, expected_gradients) = map(outputs_and_gradients, twins())
    assert len(gradients) == len(expected_gradients) == 6
    for actual, reference in zip([*outputs, *gradients], [*expected, *expected_gradients], strict=True):
        np.testing.assert_allclose(actual, reference, atol=2e-5)


@pytest.mark.parametrize("of_states", [2, None])
@pytest.mark.parametrize("shape", [(2, 5), (2, None), (None, 5), (None, None)])
def test_sizes_may_be_unknown(shape: tuple[int | None, int | None], of_states: int | None) -> None:
    layer, reference = twins()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, WIDTH)).astype("float32")
    states = [rng.normal(size=(2, UNITS)).astype("float32") for _ in range(2)]

    @tf.function(input_signature=[tf.TensorSpec((*shape, WIDTH)), *[tf.TensorSpec((of_states, UNITS))] * 2])
    def run(x: tf.Tensor, *states: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, initial_state=list(states))[0]
        return outputs, tape.gradient(outputs, x)

    np.testing.assert_allclose(run(x, *states)[0], reference(x, initial_state=states)[0], atol=1e-5)


def test_weights_are_those_of_keras_under_the_same_names() -> None:
    layer, reference = twins()
    assert layer.__class__.__name__ == reference.__class__.__name__  # Keras stores weights under it
    assert [v.path.split("/", 1)[1] for v in layer.weights] == [v.path.split("/", 1)[1] for v in reference.weights]
