"""Naive Bayes of the texts: counted as scikit-learn counts, pooled as far as it helps, in every format."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
import small_runs

from mmkeras.columns import Column
from mmkeras.config import Config
from mmkeras.errors import InputError
from mmkeras.modalities.text import naive_bayes
from mmkeras.model_choice import resolved
from mmkeras.ragged import Ragged, from_mask


def some_bags(texts: int = 30, n_rows: int = 12) -> tuple[Ragged, np.ndarray]:
    """Bags, one of them empty, and the same as a matrix [texts, n_rows]."""
    rng = np.random.default_rng(3)
    dense = rng.uniform(0.1, 1, (texts, n_rows)) * (rng.uniform(size=(texts, n_rows)) < 0.3)
    dense[:, 0], dense[4] = 0, 0
    rows = np.broadcast_to(np.arange(n_rows, dtype="int32"), dense.shape)
    return from_mask(dense > 0, rows, dense.astype("float32")), dense


def test_it_counts_as_scikit_learn_does() -> None:
    from sklearn.naive_bayes import MultinomialNB

    bags, dense = some_bags()
    classes = np.arange(len(dense)) % 3
    table = naive_bayes.log_likelihoods(bags, classes, dense.shape[1], 3)
    known = MultinomialNB(alpha=naive_bayes.SMOOTHING, fit_prior=False).fit(dense[:, 1:], classes)
    expected = known.feature_log_prob_.T
    np.testing.assert_allclose(table[1:], expected - expected.mean(axis=1, keepdims=True), atol=1e-5)
    assert not table[0].any(), "no feature says nothing"
    found = naive_bayes.votes(bags, table)
    np.testing.assert_allclose(found, dense @ table, atol=1e-5)
    assert not found[4].any(), "an empty text says nothing"
    np.testing.assert_array_equal(found.argmax(1), known.predict(dense[:, 1:]))


def test_it_counts_as_far_as_it_helps() -> None:
    from mmkeras.counting import SHARES, best_share

    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 400)
    right = np.eye(3)[classes]
    noise = rng.normal(size=(2, 400, 3))
    assert best_share(2 * right + noise[0], 5 * noise[1], classes) == 0
    assert best_share(noise[0], 3 * right, classes) == max(SHARES)
    assert 0 < best_share(right + noise[0], 2 * right + 2 * noise[1], classes) < max(SHARES)


def test_each_text_has_its_own_counts_scaled_by_the_share(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from mmkeras import counting
    from mmkeras.fitting import Material
    from mmkeras.fusions import Fused
    from mmkeras.models import COUNTED
    from mmkeras.models.core import Core
    from mmkeras.models.multimodal import with_counts
    from mmkeras.sides import ArraySide, bag_side

    bags, dense = some_bags()
    reverse = bags.take(np.arange(len(bags))[::-1])
    n, width = dense.shape
    names = {"rows": ((None,), "int32"), "weights": ((None,), "float32"), "present": ((1,), "float32")}
    inputs = {
        f"{c}_{part}": keras.Input(shape, dtype=dtype, name=f"{c}_{part}")
        for c in "ab"
        for part, (shape, dtype) in names.items()
    }
    columns: Any = {c: SimpleNamespace(state=SimpleNamespace(n_rows=width)) for c in "ab"}
    logits = keras.layers.Dense(3, kernel_initializer="zeros")(inputs["a_present"])
    core = Core(keras.Model(inputs, with_counts(Fused(logits, {}), columns, inputs, 3).logits))
    there = np.ones((n, 1), "float32")
    side = [
        bag_side("a", bags),
        ArraySide({"a_present": there}),
        bag_side("b", reverse),
        ArraySide({"b_present": there}),
    ]
    classes = np.arange(n) % 3
    encoded = np.eye(3, dtype="float32")[classes]
    material: Any = Material(
        columns, {"train": side, "validation": side}, SimpleNamespace(), dict.fromkeys(("train", "validation"), encoded)
    )  # type: ignore[arg-type]
    seen: list[np.ndarray] = []

    def quarter(logits: np.ndarray, counted: np.ndarray, known: np.ndarray) -> float:
        seen.append(counted)
        np.testing.assert_array_equal(known, classes)
        return 0.25

    monkeypatch.setattr(counting, "best_share", quarter)
    monkeypatch.setattr(naive_bayes, "TEXTS", 7)
    assert counting.count_texts(core, material) == 0.25
    tables = {c: naive_bayes.log_likelihoods(some, classes, width, 3) for c, some in (("a", bags), ("b", reverse))}
    for c, table in tables.items():
        found = np.asarray(core.model.get_layer(COUNTED.format(name=c)).table)
        np.testing.assert_allclose(found, 0.25 * table, rtol=1e-5)
    np.testing.assert_allclose(seen[0], dense @ tables["a"] + dense[::-1] @ tables["b"], atol=1e-5)
    assert not np.allclose(tables["a"], tables["b"])


def test_a_vocabulary_without_features_says_nothing() -> None:
    empty = Ragged(np.zeros(4, "int64"), (np.zeros(0, "int32"), np.zeros(0, "float32")))
    table = naive_bayes.log_likelihoods(empty, np.array([0, 1, 0]), 1, 2)
    assert table.shape == (1, 2)
    assert not table.any()
    assert not naive_bayes.votes(empty, table).any()


@pytest.mark.parametrize(
    ("kinds", "task", "flags"),
    [
        (["text"], "regress", {}),
        (["text", "image"], "multilabel", {}),
        (["text"], "generate", {}),
        (["text"], "classify", {"text_encoder": "gru"}),
        (["text"], "classify", {"model": "wide_deep"}),
    ],
)
def test_what_it_is_not_for_is_said(kinds: list[str], task: str, flags: dict[str, Any]) -> None:
    table: Any = SimpleNamespace(inputs=[Column(f"c{k}", kind, "input") for k, kind in enumerate(kinds)], task=task)
    with pytest.raises(InputError, match=r"aive.[Bb]ayes"):
        resolved(Config(naive_bayes=True, **flags), table)


def test_a_text_alone_is_read_by_the_multimodal_model() -> None:
    table: Any = SimpleNamespace(inputs=[Column("note", "text", "input")], task="classify")
    assert resolved(Config(naive_bayes=True), table).model == "multimodal"


def test_what_is_counted_is_added_where_the_text_is_there() -> None:
    import keras

    from mmkeras.fusions import Fused
    from mmkeras.models import COUNTED
    from mmkeras.models.multimodal import with_counts

    inputs = {
        "note_rows": keras.Input((None,), dtype="int32", name="note_rows"),
        "note_weights": keras.Input((None,), name="note_weights"),
        "note_present": keras.Input((1,), name="note_present"),
        "logits": keras.Input((2,), name="logits"),
    }
    column: Any = SimpleNamespace(state=SimpleNamespace(n_rows=4))
    fused = with_counts(Fused(inputs["logits"], {"note": inputs["logits"]}), {"note": column}, inputs, 2)
    model = keras.Model(inputs, [fused.logits, fused.parts["note"]])
    assert not model.trainable_variables
    table = np.array([[0, 0], [1, -1], [2, -2], [4, -4]], "float32")
    model.get_layer(COUNTED.format(name="note")).table.assign(table)
    given = {
        "note_rows": np.array([[3, 1], [3, 1]], "int32"),
        "note_weights": np.array([[0.5, 1], [0.5, 1]], "float32"),
        "note_present": np.array([[1], [0]], "float32"),
        "logits": np.array([[1, 1], [1, 1]], "float32"),
    }
    for found in model(given):
        np.testing.assert_allclose(found, [[4, -2], [1, 1]])


@pytest.mark.slow
@pytest.mark.parametrize(("fusion", "formats"), [("sum", ()), ("decision", ("--formats", "tflite"))])
def test_it_answers_too_in_every_format(fusion: str, formats: tuple[str, ...], tmp_path: Path) -> None:
    """And what each column adds still sums up to the answer. The network has hardly learned."""
    from mmkeras.exporting import load_graph
    from mmkeras.run import open_run

    csv = mixtures.write(tmp_path, 80)
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
    assert metrics["validation"]["accuracy"] > 0.9, "by counting alone"
    assert "naive Bayes of the texts answers too" in done.out
    core = load_graph(open_run(tmp_path / "r")).model
    asked = {"note": np.array([list(b"a high thing")], "uint8"), "price": np.zeros((1, 1), "float32")}
    found = core(asked | {f"{name}_present": np.ones((1, 1), "float32") for name in asked})
    parts = np.asarray(found["contributions"])[0]
    assert parts[0, 0] - parts[0, 1] > 0.2, "a high thing"
    if fusion == "sum":
        logits = np.log(np.asarray(found["probabilities"]))[0]
        np.testing.assert_allclose(parts.sum(0) - parts.sum(0).mean(), logits - logits.mean(), atol=1e-4)
