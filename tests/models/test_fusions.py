"""The four fusions: missing cells, the parts of the logits, and the same answers in all three formats."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from parity import Arrays, runners

from mmkeras.config.fusions import FUSIONS
from mmkeras.modalities.encoded import Encoded, MaskedMean, Sizes
from mmkeras.models.fusions import Vote
from mmkeras.models.fusions import fusion as fusion_of
from mmkeras.models.missing import Missing, ModalityDropout

N = {"a": 5, "b": 1, "c": 3}
SMALL = Sizes(width=8, depth=2, heads=2)


def core(fusion: str) -> tuple[keras.Model, dict[str, keras.KerasTensor]]:
    """Three columns of random tokens, each of which may be missing. Returns the model and the fusion's parts."""
    keras.utils.set_random_seed(1)
    inputs, encoded, present = {}, {}, []
    for name, n in N.items():
        tokens = inputs[f"{name}_tokens"] = keras.Input((n, 8), name=f"{name}_tokens")
        mask = inputs[f"{name}_mask"] = keras.Input((n,), name=f"{name}_mask")
        presence = inputs[f"{name}_present"] = keras.Input((1,), name=f"{name}_present")
        encoded[name] = Encoded(*Missing(name=f"{name}_missing")(tokens, mask, presence))
        present.append(presence)
    fused = fusion_of(fusion)(encoded, keras.layers.Concatenate()(present), 4, SMALL)
    return keras.Model(inputs, {"logits": fused.logits, **fused.parts}), fused.parts


def rows(batch: int, present: np.ndarray | None = None, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    arrays = {}
    for k, (name, n) in enumerate(N.items()):
        arrays[f"{name}_tokens"] = rng.normal(size=(batch, n, 8)).astype("float32")
        arrays[f"{name}_mask"] = (np.arange(n) < rng.integers(1, n + 1, (batch, 1))).astype("float32")
        arrays[f"{name}_present"] = np.ones((batch, 1), "float32") if present is None else present[:, k : k + 1]
    return arrays


def subsets() -> np.ndarray:
    """All 2**3 - 1 subsets of present columns but the empty one, float32 [7, 3]."""
    return np.array([[i >> k & 1 for k in range(3)] for i in range(1, 8)], "float32")


@pytest.mark.parametrize("fusion", FUSIONS)
def test_missing_cells_and_masked_tokens_do_not_change_the_logits(fusion: str) -> None:
    model, _ = core(fusion)
    inputs = rows(7, subsets())
    answer = np.asarray(model(inputs)["logits"])
    other = dict(inputs)
    for name in N:
        masked = (inputs[f"{name}_present"] == 0)[:, :, None] | (inputs[f"{name}_mask"] == 0)[:, :, None]
        other[f"{name}_tokens"] = np.where(masked, np.float32(9), inputs[f"{name}_tokens"]).astype("float32")
    np.testing.assert_allclose(np.asarray(model(other)["logits"]), answer, atol=1e-5)
    changed = rows(7, subsets(), seed=1)
    assert np.abs(np.asarray(model(changed)["logits"]) - answer).max() > 1e-3


def test_the_parts_of_a_sum_add_up() -> None:
    model, parts = core("sum")
    answer = model(rows(5))
    assert list(parts) == list(N)
    np.testing.assert_allclose(sum(np.asarray(answer[name]) for name in N), answer["logits"], atol=1e-5)


def test_a_decision_is_the_mean_of_the_present_columns() -> None:
    model, _ = core("decision")
    present = subsets()
    answer = {name: np.asarray(value) for name, value in model(rows(7, present)).items()}
    logits = np.stack([answer[name] for name in N], axis=1)  # [7, 3, 4]
    mean = (logits * present[:, :, None]).sum(1) / present.sum(1, keepdims=True)
    np.testing.assert_allclose(answer["logits"], mean, atol=1e-5)


def test_a_vote_without_present_columns_is_finite() -> None:
    answers = np.array([[[1.0, 2.0], [3.0, 4.0]]], "float32")
    np.testing.assert_allclose(Vote()(answers, np.zeros((1, 2), "float32")), [[2.0, 3.0]], rtol=1e-5)


def test_masked_mean_of_nothing_is_zero() -> None:
    tokens = np.ones((2, 3, 4), "float32")
    mask = np.array([[0, 0, 0], [1, 0, 1]], "float32")
    np.testing.assert_array_equal(MaskedMean()(tokens, mask), [[0] * 4, [1] * 4])


def test_modality_dropout_masks_in_training_alone_and_never_all_cells() -> None:
    layer = ModalityDropout(0.5, seed=3)
    present = np.repeat(subsets(), 200, axis=0)
    np.testing.assert_array_equal(layer(present), present)
    kept = np.asarray(layer(present, training=True))
    assert ((kept == 0) | (kept == 1)).all()
    assert (kept <= present).all()
    assert (kept.sum(1) >= 1).all()
    full = kept[present.sum(1) == 3]
    assert 0.3 < full.mean() < 0.7


@pytest.mark.slow
@pytest.mark.parametrize("fusion", FUSIONS)
def test_three_formats_answer_alike(fusion: str) -> None:
    model, _ = core(fusion)
    answers = runners(model)
    for inputs in (rows(1), rows(4), rows(7, subsets())):
        expected = {name: np.asarray(value) for name, value in model(inputs).items()}
        for run in answers.values():
            outputs = run(inputs)
            assert outputs.keys() == expected.keys()
            for name, value in expected.items():
                np.testing.assert_allclose(outputs[name], value, atol=1e-5)
