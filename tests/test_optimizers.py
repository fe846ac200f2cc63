"""Plain gradients, clipped on the way: Keras' own numbers."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.models.optimizers import ClippedSGD


@pytest.mark.parametrize("scale", [0.01, 10.0])
@pytest.mark.parametrize("xla", [False, True])
def test_it_steps_as_keras_does(scale: float, xla: bool) -> None:
    """Below the norm that is clipped, and far above; a gradient of a table's rows among them."""
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=shape).astype("float32") for shape in ((20, 4), (4,))]
    slopes = [(scale * rng.normal(size=start.shape)).astype("float32") for start in starts]
    schedule = keras.optimizers.schedules.CosineDecay(2.0, 10)
    found = []
    for optimizer in (keras.optimizers.SGD(schedule, global_clipnorm=0.25), ClippedSGD(schedule, 0.25)):
        variables = [keras.Variable(start) for start in starts]
        optimizer.build(variables)
        rows = tf.IndexedSlices(slopes[0][:5], tf.constant([3, 1, 4, 3, 9]), tf.constant([20, 4]))
        step = tf.function(optimizer.apply, jit_compile=xla)
        for table in (tf.constant(slopes[0]), tf.convert_to_tensor(rows), tf.constant(-slopes[0])):
            step([table, tf.constant(slopes[1])])
        step([rows if isinstance(optimizer, ClippedSGD) else tf.convert_to_tensor(rows), tf.constant(slopes[1])])
        assert int(optimizer.iterations) == 4
        found.append([variable.numpy() for variable in variables])
    for expected, got, start in zip(*found, starts, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(got - start).max() > 0.001


def test_it_is_made_anew_from_its_config() -> None:
    again = ClippedSGD.from_config(ClippedSGD(0.5, 0.1).get_config())
    assert (again.clip, float(again.learning_rate)) == (0.1, 0.5)
