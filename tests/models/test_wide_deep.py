"""The text classifiers `wide_deep` and `mlp`: their losses and their parts, against NumPy and Keras."""

from __future__ import annotations

import numpy as np
import pytest
from small_cores import CLASSES, compiled, dense, feed, one_hot, random_bags, randomise, weights_of

from mmkeras.config.config import Config

# losses


def naive_one_vs_rest(truth: np.ndarray, z: np.ndarray, smoothing: float) -> np.ndarray:
    result = np.zeros(len(z))
    for i, row in enumerate(z):
        for k, value in enumerate(row):
            p = truth[i, k] * (1 - smoothing) + smoothing / z.shape[1]
            result[i] += p * max(0.0, 1 - value) ** 2 + (1 - p) * max(0.0, 1 + value) ** 2
    return result


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_one_vs_rest_against_a_loop(smoothing: float) -> None:
    from mmkeras.models.wide_deep import OneVsRest

    rng = np.random.default_rng(0)
    truth, z = one_hot(rng.integers(0, CLASSES, 40)), rng.normal(0, 2, (40, CLASSES)).astype("float32")
    expected = naive_one_vs_rest(truth, z, smoothing)
    np.testing.assert_allclose(OneVsRest(smoothing).call(truth, z), expected, rtol=1e-5)
    assert float(OneVsRest(smoothing)(truth, z)) == pytest.approx(expected.mean(), rel=1e-5)


def test_one_vs_rest_is_keras_squared_hinge_summed() -> None:
    import keras

    from mmkeras.models.wide_deep import OneVsRest

    rng = np.random.default_rng(1)
    truth, z = one_hot(rng.integers(0, CLASSES, 40)), rng.normal(0, 2, (40, CLASSES)).astype("float32")
    expected = CLASSES * float(keras.losses.SquaredHinge()(2 * truth - 1, z))
    assert float(OneVsRest()(truth, z)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_label_smoothing_reaches_the_loss(model: str) -> None:
    """At the logits of the truth an unsmoothed loss is 0; a smoothed loss is not."""
    recipe, core = compiled(Config.of(model=model, label_smoothing=0.2))  # type: ignore[arg-type]
    _, plain = compiled(Config.of(model=model))  # type: ignore[arg-type]
    truth = one_hot(np.array([0, 2]))
    z = (40.0 * truth - 20.0).astype("float32") if model == "mlp" else 2 * truth - 1
    assert float(plain.loss(truth, z)) == pytest.approx(0.0, abs=1e-6)
    assert float(core.loss(truth, z)) > 0.1


# the cores


def test_the_document_s_model_is_word_vectors_100_50_softmax() -> None:
    """Word vectors averaged -> Dense 100 -> Dense 50 -> classes; Adam, cross-entropy, 10 epochs, batches of 32."""
    import keras

    recipe, core = compiled(Config.of(model="mlp"))
    bags = {"a": random_bags(8, 1), "b": random_bags(8, 2)}
    w = weights_of(core)
    x = np.hstack([dense(bags[name], 50) @ w[f"{name}_vectors/table"] for name in "ab"])
    assert x.shape == (8, 200)
    for layer, shape in (("hidden_100", (200, 100)), ("hidden_50", (100, 50))):
        assert w[f"{layer}/kernel"].shape == shape
        x = np.maximum(x @ w[f"{layer}/kernel"] + w[f"{layer}/bias"], 0)
    expected = x @ w["logits/kernel"] + w["logits/bias"]
    np.testing.assert_allclose(core.predict(feed(bags), verbose=0), expected, atol=1e-5)
    assert (recipe.EPOCHS, recipe.BATCH_SIZE, recipe.PATIENCE) == (10, 32, None)
    assert isinstance(core.optimizer, keras.optimizers.Adam)
    assert isinstance(core.loss, keras.losses.CategoricalCrossentropy)


def test_wide_and_deep_adds_its_parts() -> None:
    _, core = compiled(Config.of(deep=6), dims={"a": 8})
    bags = {"a": random_bags(8, 1), "b": random_bags(8, 2)}
    randomise(core)
    w = weights_of(core)
    wide = sum(dense(bags[name], 50) @ w[f"{name}_wide/table"] for name in "ab")
    vectors = np.hstack([dense(bags[name], 50) @ w[f"{name}_vectors/table"] for name in "ab"])
    assert vectors.shape == (8, 8 + 6), "loaded vectors' dimensions, else --deep"
    hidden = np.maximum(vectors @ w["hidden/kernel"] + w["hidden/bias"], 0)
    expected = (wide + hidden @ w["deep/kernel"] + w["deep/bias"] + w["prior/prior"]) * w["temperature/inverse"]
    np.testing.assert_allclose(core.predict(feed(bags), verbose=0), expected, rtol=1e-4, atol=1e-5)


def test_the_deep_part_can_be_left_out() -> None:
    _, core = compiled(Config.of(deep=0))
    assert sorted(weights_of(core)) == ["a_wide/table", "b_wide/table", "prior/prior", "temperature/inverse"]


def test_rare_features_have_weights_but_no_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.models import wide_deep

    monkeypatch.setattr(wide_deep, "VECTOR_ROWS", 20)
    _, core = compiled(Config.of(deep=4))
    randomise(core)
    rare, empty = np.array([[20, 21, 49]], "int32"), np.zeros((1, 3), "int32")
    ones = np.ones((1, 3), "float32")
    w = weights_of(core)
    assert w["a_vectors/table"].shape == (20, 4)
    votes = core.predict({"a_rows": rare, "a_weights": ones, "b_rows": empty, "b_weights": ones * 0}, verbose=0)
    hidden = np.maximum(np.r_[3 * w["a_vectors/table"][0], np.zeros(4)] @ w["hidden/kernel"] + w["hidden/bias"], 0)
    expected = w["a_wide/table"][rare[0]].sum(0) + hidden @ w["deep/kernel"] + w["deep/bias"] + w["prior/prior"]
    np.testing.assert_allclose(votes[0], expected * w["temperature/inverse"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_flags_reach_the_optimiser(model: str) -> None:
    recipe, core = compiled(Config.of(model=model, learning_rate=0.5))  # type: ignore[arg-type]
    assert float(core.optimizer.learning_rate) == pytest.approx(0.5)
    _, default = compiled(Config.of(model=model))  # type: ignore[arg-type]
    assert float(default.optimizer.learning_rate) == pytest.approx(recipe.LEARNING_RATE)


@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_frozen_word_vectors_are_not_trainable(model: str) -> None:
    config = Config.of(model=model, word_vectors="glove.txt")  # type: ignore[arg-type]
    for frozen in (False, True):
        _, core = compiled(config.replace(freeze_word_vectors=frozen), dims={"a": 8, "b": 8})
        trained = {v.path for v in core.trainable_variables}
        assert ("a_vectors/table" in trained) is not frozen


# the optimiser


@pytest.mark.slow
def test_the_default_core_fits_separable_rows() -> None:
    """Each class has its row number: every row is classified correctly."""
    _, core = compiled(Config.of(learning_rate=0.5), steps=40)
    truth = np.arange(60) % CLASSES
    rows = np.stack([1 + truth, 10 + np.arange(60) % 30], 1).astype("int32")
    inputs = {f"{name}_rows": rows for name in "ab"} | {
        f"{name}_weights": np.full_like(rows, 0.5, "float32") for name in "ab"
    }
    core.fit(inputs, one_hot(truth), epochs=10, batch_size=15, verbose=0)
    assert (core.predict(inputs, verbose=0).argmax(1) == truth).all()
