"""Naive Bayes over the texts: as scikit-learn's, weighted by the held-out rows, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
import small_runs

from mmkeras.features.ragged import Ragged, from_mask
from mmkeras.modalities.encoded import Bag
from mmkeras.modalities.text import naive_bayes


def random_bags(texts: int = 30, n_rows: int = 12) -> tuple[Ragged, np.ndarray]:
    """Bags, one of them empty; and the bags as a matrix [texts, n_rows]."""
    rng = np.random.default_rng(3)
    dense = rng.uniform(0.1, 1, (texts, n_rows)) * (rng.uniform(size=(texts, n_rows)) < 0.3)
    dense[:, 0], dense[4] = 0, 0
    rows = np.broadcast_to(np.arange(n_rows, dtype="int32"), dense.shape)
    return from_mask(dense > 0, rows, dense.astype("float32")), dense


def test_it_counts_as_scikit_learn_does() -> None:
    from sklearn.naive_bayes import MultinomialNB

    bags, dense = random_bags()
    classes = np.arange(len(dense)) % 3
    table = naive_bayes.log_likelihoods([(bags, classes)], dense.shape[1], 3)
    reference = MultinomialNB(alpha=naive_bayes.SMOOTHING, fit_prior=False).fit(dense[:, 1:], classes)
    expected = reference.feature_log_prob_.T
    np.testing.assert_allclose(table[1:], expected - expected.mean(axis=1, keepdims=True), atol=1e-5)
    assert not table[0].any(), "the row of no feature is zero"
    np.testing.assert_array_equal((dense @ table).argmax(1), reference.predict(dense[:, 1:]))


def test_its_answer_is_scikit_learns_posterior() -> None:
    from sklearn.naive_bayes import MultinomialNB

    bags, dense = random_bags(60)
    classes = np.minimum(np.arange(len(dense)) % 5, 2)  # the last three times as frequent as each other one
    table = naive_bayes.log_likelihoods([(bags, classes)], dense.shape[1], 3)
    actual = dense @ table + naive_bayes.log_frequencies(classes, 3)
    expected = MultinomialNB(alpha=naive_bayes.SMOOTHING).fit(dense[:, 1:], classes).predict_log_proba(dense[:, 1:])
    np.testing.assert_allclose(
        actual - actual.mean(1, keepdims=True), expected - expected.mean(1, keepdims=True), atol=1e-5
    )


def test_a_class_of_no_row_is_rare_and_not_impossible() -> None:
    frequencies = naive_bayes.log_frequencies(np.array([0, 0, 1, 0]), 3)
    assert np.isfinite(frequencies).all()
    assert frequencies[0] > frequencies[1] > frequencies[2]


def test_the_weight_grows_with_its_use() -> None:
    from mmkeras.tasks.prediction.naive_bayes import WEIGHTS, best_weight

    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 2000)
    right = np.eye(3)[classes]
    noise = rng.normal(size=(2, 2000, 3))
    assert best_weight(2 * right + noise[0], 5 * noise[1], classes)[0] == 0
    unsure = 0.5 * (2 * right + noise[1])
    assert best_weight(right + noise[0], unsure, classes)[0] == max(WEIGHTS)
    weight, temperature = best_weight(right + noise[0], 4 * right + 4 * noise[1], classes)
    assert weight == 0.25, "its probabilities are too extreme"
    again = best_weight(10 * (right + noise[0]), 4 * right + 4 * noise[1], classes)
    assert again == (weight, pytest.approx(10 * temperature, rel=1e-3)), (
        "the scale of the network's logits does not matter"
    )


def test_few_rows_do_not_choose_by_chance() -> None:
    from mmkeras.tasks.prediction.naive_bayes import best_weight

    chosen = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 3, 60)
        right = np.eye(3)[classes]
        noise = rng.normal(size=(2, 60, 3))
        chosen.append(best_weight(right + noise[0], right + noise[1], classes)[0])
    assert chosen == [1.0] * 5
    assert best_weight(np.full((60, 3), np.nan), right, classes)[0] == 0, "a diverged network"


def two_texts() -> tuple[Any, Any, Ragged, np.ndarray, np.ndarray]:
    """A core of two text columns, `b` present in even rows alone; its training data; a's bags, matrix; classes."""
    import keras

    from mmkeras.features.column_features import ArrayFeatures, bag_features
    from mmkeras.models.core import Core
    from mmkeras.models.fusions import Fused
    from mmkeras.models.multimodal import with_counts
    from mmkeras.tasks.prediction.material import TrainingData

    bags, dense = random_bags()
    reverse = bags.take(np.arange(len(bags))[::-1])
    n, width = dense.shape
    names = {"rows": ((None,), "int32"), "weights": ((None,), "float32"), "present": ((1,), "float32")}
    inputs = {
        f"{c}_{part}": keras.Input(shape, dtype=dtype, name=f"{c}_{part}")
        for c in "ab"
        for part, (shape, dtype) in names.items()
    }
    columns: Any = {c: SimpleNamespace(bag=Bag(n_rows=width)) for c in "ab"}
    logits = keras.layers.Dense(3, kernel_initializer="zeros")(inputs["a_present"])
    core = Core(keras.Model(inputs, with_counts(Fused(logits, {}), columns, inputs, 3).logits))
    present = (np.arange(n) % 2 == 0).astype("float32")[:, None]
    features = [
        bag_features("a", bags),
        ArrayFeatures({"a_present": np.ones_like(present)}),
        bag_features("b", reverse),
        ArrayFeatures({"b_present": present}),
    ]
    classes = np.minimum(np.arange(n) % 5, 2)
    encoded = np.eye(3, dtype="float32")[classes]
    by_split: Any = dict.fromkeys(("train", "validation"), features)
    unused: Any = SimpleNamespace()
    data = TrainingData(columns, by_split, unused, dict.fromkeys(by_split, encoded), split=unused, inputs=[])
    return core, data, bags, dense, classes


def test_each_text_has_its_counts_scaled_by_the_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.models import COUNTED, FREQUENCIES
    from mmkeras.tasks.prediction import naive_bayes as ensembles

    core, data, bags, dense, classes = two_texts()
    n, width = dense.shape
    reverse, present = bags.take(np.arange(n)[::-1]), np.arange(n)[:, None] % 2 == 0
    calls: list[np.ndarray] = []

    def quarter(logits: np.ndarray, counted: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
        calls.append(counted)
        np.testing.assert_array_equal(truth, classes)
        return 0.25, 2.0

    monkeypatch.setattr(ensembles, "best_weight", quarter)
    monkeypatch.setattr(naive_bayes, "TEXTS", 7)
    ensemble = ensembles.fit_naive_bayes(core, data)
    assert ensemble == ensembles.Ensemble(0.25, 0.5)
    tables = {
        c: naive_bayes.log_likelihoods([(column, classes)], width, 3) for c, column in (("a", bags), ("b", reverse))
    }
    frequencies = {
        "a": naive_bayes.log_frequencies(classes, 3),
        "b": naive_bayes.log_frequencies(classes[present[:, 0] > 0], 3),
    }
    for c, table in tables.items():
        weights = np.asarray(core.model.get_layer(COUNTED.format(name=c)).table)
        np.testing.assert_allclose(weights, 0.5 * table, rtol=1e-5)
        weights = np.asarray(core.model.get_layer(FREQUENCIES.format(name=c)).kernel)
        np.testing.assert_allclose(weights, 0.5 * frequencies[c][None] / 2, rtol=1e-5)
    # column b is present in even rows alone
    expected = dense @ tables["a"] + frequencies["a"] / 2
    expected += present * (dense[::-1] @ tables["b"] + frequencies["b"] / 2)
    np.testing.assert_allclose(calls[0], expected, atol=1e-5)
    assert not np.allclose(tables["a"], tables["b"])
    assert ensembles.refit_naive_bayes(core, data, ensemble)
    twice = naive_bayes.log_likelihoods([(bags, classes)] * 2, width, 3)
    np.testing.assert_allclose(np.asarray(core.model.get_layer(COUNTED.format(name="a")).table), 0.5 * twice, rtol=1e-5)
    assert np.abs(twice - tables["a"]).max() > 0.01
    ensembles.fit_naive_bayes(core, data, balanced=True)
    assert not np.asarray(core.model.get_layer(FREQUENCIES.format(name="a")).kernel).any()


def test_a_vocabulary_without_features_has_a_table_of_zeros() -> None:
    empty = Ragged(np.zeros(4, "int64"), (np.zeros(0, "int32"), np.zeros(0, "float32")))
    table = naive_bayes.log_likelihoods([(empty, np.array([0, 1, 0]))], 1, 2)
    assert table.shape == (1, 2)
    assert not table.any()


def test_naive_bayes_is_added_where_the_text_is_present() -> None:
    import keras

    from mmkeras.models import COUNTED, FREQUENCIES
    from mmkeras.models.fusions import Fused
    from mmkeras.models.multimodal import with_counts

    inputs = {
        "note_rows": keras.Input((None,), dtype="int32", name="note_rows"),
        "note_weights": keras.Input((None,), name="note_weights"),
        "note_present": keras.Input((1,), name="note_present"),
        "logits": keras.Input((2,), name="logits"),
    }
    column: Any = SimpleNamespace(bag=Bag(n_rows=4))
    fused = with_counts(Fused(inputs["logits"], {"note": inputs["logits"]}), {"note": column}, inputs, 2)
    model = keras.Model(inputs, [fused.logits, fused.parts["note"]])
    assert not model.trainable_variables
    table = np.array([[0, 0], [1, -1], [2, -2], [4, -4]], "float32")
    model.get_layer(COUNTED.format(name="note")).table.assign(table)
    model.get_layer(FREQUENCIES.format(name="note")).kernel.assign([[0.5, -0.5]])
    arrays = {
        "note_rows": np.array([[3, 1], [3, 1]], "int32"),
        "note_weights": np.array([[0.5, 1], [0.5, 1]], "float32"),
        "note_present": np.array([[1], [0]], "float32"),
        "logits": np.array([[1, 1], [1, 1]], "float32"),
    }
    for logits in model(arrays):
        np.testing.assert_allclose(logits, [[4.5, -2.5], [1, 1]])


@pytest.mark.slow
@pytest.mark.parametrize(("fusion", "formats"), [("sum", ()), ("decision", ("--formats", "tflite"))])
def test_it_is_part_of_the_answer_in_every_format(fusion: str, formats: tuple[str, ...], tmp_path: Path) -> None:
    """And the contributions still add up to the logits. The network is hardly trained."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    unequal = [row for k, row in enumerate(mixtures.rows(tmp_path, 100)) if row["label"] == "high" or k % 3]
    csv = small_runs.write_rows(tmp_path / "mix.csv", unequal)
    flags = ("--text", "note", "--number", "price", *mixtures.SIZES, "--epochs", "1", "--learning-rate", "1e-5")
    with small_runs.working_folder(tmp_path):
        done = small_runs.main(
            "train", csv, *flags, "--target", "label", "--fusion", fusion, "--naive-bayes", "--output", "r"
        )
        assert done.code == 0, done.err
        exported = small_runs.main("export", "r", "--output", "e", *formats)
        assert exported.code == 0, exported.out + exported.err
    metrics = json.loads((tmp_path / "r/metrics.json").read_text(encoding="utf-8"))
    assert metrics["naive_bayes"]["share"] > 0
    assert metrics["validation"]["accuracy"] > 0.9, "by naive Bayes alone"
    assert "naive Bayes over the texts is added with weight" in done.out
    core = load_graph(open_run(tmp_path / "r")).model
    present = {f"{name}_present": np.ones((1, 1), "float32") for name in ("note", "price")}
    inputs = {"note": np.array([list(b"a high thing")], "uint8"), "price": np.zeros((1, 1), "float32"), **present}
    parts = np.asarray(core(inputs)["contributions"])[0]
    assert parts[0, 0] - parts[0, 1] > 0.2, "a high thing"
    outputs = core(inputs | {"note": np.array([list(b"zzz")], "uint8")})
    parts = np.asarray(outputs["contributions"])[0]
    assert parts[0, 0] - parts[0, 1] > 0.1, "it has no known feature, and more things are high"
    if fusion == "sum":
        logits = np.log(np.asarray(outputs["probabilities"]))[0]
        np.testing.assert_allclose(parts.sum(0) - parts.sum(0).mean(), logits - logits.mean(), atol=1e-4)
