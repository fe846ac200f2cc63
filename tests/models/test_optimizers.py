"""Optimisers, against Keras and against their formulas in NumPy."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_cores import CLASSES, compiled, feed, one_hot, random_bags, randomise, weights_of

from mmkeras.config.config import Config
from mmkeras.models.optimizers import ClippedSGD


@pytest.mark.parametrize("scale", [0.01, 10.0])
@pytest.mark.parametrize("xla", [False, True])
def test_it_steps_as_keras_does(scale: float, xla: bool) -> None:
    """Below the norm that is clipped, and far above; a gradient of a table's rows among them."""
    rng = np.random.default_rng(1)
    starts = [rng.normal(size=shape).astype("float32") for shape in ((20, 4), (4,))]
    slopes = [(scale * rng.normal(size=start.shape)).astype("float32") for start in starts]
    schedule = keras.optimizers.schedules.CosineDecay(2.0, 10)
    results = []
    for optimizer in (keras.optimizers.SGD(schedule, global_clipnorm=0.25), ClippedSGD(schedule, 0.25)):
        variables = [keras.Variable(start) for start in starts]
        optimizer.build(variables)
        rows = tf.IndexedSlices(slopes[0][:5], tf.constant([3, 1, 4, 3, 9]), tf.constant([20, 4]))
        step = tf.function(optimizer.apply, jit_compile=xla)
        for table in (tf.constant(slopes[0]), tf.convert_to_tensor(rows), tf.constant(-slopes[0])):
            step([table, tf.constant(slopes[1])])
        step([rows if isinstance(optimizer, ClippedSGD) else tf.convert_to_tensor(rows), tf.constant(slopes[1])])
        assert int(optimizer.iterations) == 4
        results.append([variable.numpy() for variable in variables])
    for expected, actual, start in zip(*results, starts, strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)
        assert np.abs(actual - start).max() > 0.001


def test_it_is_rebuilt_from_its_config() -> None:
    again = ClippedSGD.from_config(ClippedSGD(0.5, 0.1).get_config())
    assert (again.clip, float(again.learning_rate)) == (0.1, 0.5)


# the optimiser


@pytest.mark.slow
@pytest.mark.parametrize("xla", [False, True], ids=["sparse", "dense"])
def test_row_adagrad_against_numpy(xla: bool) -> None:
    """Three steps of tables and of dense layers, by the formulas; the rate falls to 0 in a straight line."""
    import tensorflow as tf

    _, core = compiled(Config.of(learning_rate=0.2, xla=xla, deep=4), steps=5)
    randomise(core, 0.1)
    optimiser = core.optimizer
    expected = weights_of(core)
    tables = [name for name in expected if name.endswith("/table")]
    squares = {name: np.zeros(len(w)) if name in tables else np.zeros_like(w) for name, w in expected.items()}
    means = {name: np.zeros_like(w) for name, w in expected.items()}
    rng = np.random.default_rng(0)
    untouched = {name: np.ones(50, bool) for name in tables}
    for step in range(3):
        bags = {"a": random_bags(6, step, 4), "b": random_bags(6, 9 + step, 4)}
        inputs, truth = feed(bags), one_hot(rng.integers(0, CLASSES, 6))
        with tf.GradientTape() as tape:
            loss = core.loss(truth, core(inputs, training=True))
        variables = core.trainable_variables
        slopes = tape.gradient(loss, [v.value for v in variables])
        core.train_on_batch(inputs, truth)
        rate = 0.2 * (1 - step / 5)
        for variable, gradient in zip(variables, slopes, strict=True):
            name, slope = variable.path, np.asarray(tf.convert_to_tensor(gradient), "float64")
            if name in tables:
                touched = slope.any(1) if xla else np.isin(np.arange(50), inputs[f"{name[0]}_rows"])
                untouched[name] &= ~touched
                squares[name] += (slope**2).mean(1)
                slope += optimiser.decay * (squares[name] > 0)[:, None] * expected[name]
                table_rate = rate * (optimiser.vector_rate if "_vectors/" in name else 1)
                move = table_rate * slope / (np.sqrt(squares[name]) + optimiser.epsilon)[:, None]
                expected[name][touched] -= move[touched]
            elif name == "prior/prior":  # as one row of a table, at a quarter of its rate
                squares[name] += (slope**2).mean()
                expected[name] -= rate / 4 * slope / (np.sqrt(squares[name]) + optimiser.epsilon)
            else:
                means[name] = 0.9 * means[name] + 0.1 * slope
                squares[name] = 0.999 * squares[name] + 0.001 * slope**2
                m, v = means[name] / (1 - 0.9 ** (step + 1)), squares[name] / (1 - 0.999 ** (step + 1))
                expected[name] -= rate * optimiser.dense_rate * m / (np.sqrt(v) + 1e-7)
        for name, w in weights_of(core).items():
            np.testing.assert_allclose(w, expected[name], rtol=1e-3, atol=1e-5, err_msg=f"{name} after step {step}")
    assert all(rows.sum() > 5 for rows in untouched.values()), "enough rows are left out"


def test_row_adagrad_touches_the_batch_s_rows_alone() -> None:
    _, core = compiled(Config.of(learning_rate=0.2, deep=4), size=1000)
    before = core.get_weights()
    bags = {"a": random_bags(6, 1, size=1000), "b": random_bags(6, 2, size=1000)}
    for _ in range(2):  # at the first step the deep part's last layer is zero, and the vectors have no slope
        core.train_on_batch(feed(bags), one_hot(np.arange(6) % CLASSES))
    for variable, old in zip(core.weights, before, strict=True):
        if variable.path.endswith("/table"):
            moved = np.flatnonzero((np.asarray(variable.value) != old).any(1))
            rows = np.unique(bags[variable.path[0]].columns[0])
            assert len(moved)
            assert set(moved) <= {0, *rows}  # row 0 is the padding, whose weight is 0
            if "_wide/" in variable.path:  # a vector has no slope where the hidden layer is silent
                assert set(rows) <= set(moved)


def test_row_adagrad_keeps_a_number_a_row() -> None:
    _, core = compiled(Config.of(deep=4), size=1000)
    core.optimizer.build(core.trainable_variables)
    state = sum(int(np.prod(v.shape)) for v in core.optimizer.variables if "table" in v.path)
    assert state == 4 * 1000, "Adam's or Adagrad's would be as large as the tables"
