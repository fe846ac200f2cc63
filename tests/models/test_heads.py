"""Heads: several linear models in one table, what they start from, and which of them is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_cores import CLASSES, dense, feed, one_hot, random_bags

from mmkeras.config.config import Config
from mmkeras.models.heads import HIGHEST_RATE, MOST_WEIGHTS, Head, heads_of
from mmkeras.models.steps import LARGE, is_large, rows_of_feature, steps_of

HEADS = (Head("sgd", 2.0), Head("adagrad", 0.1))


def core_of(heads: tuple[Head, ...], steps: int = 8) -> Any:
    import keras

    from mmkeras.models import wide_deep

    keras.utils.set_random_seed(3)
    config = Config.of(deep=0)
    core = wide_deep.build({"a": 50}, CLASSES, config.text, config.training, {}, heads=len(heads))
    wide_deep.compile_model(core, config.training, steps, heads=heads)
    return core


def test_heads_learn_as_if_each_were_alone() -> None:
    """Two heads in one table, against two models; and one of SGD against its formula in NumPy."""
    rng = np.random.default_rng(0)
    steps = [(random_bags(6, k), one_hot(rng.integers(0, CLASSES, 6))) for k in range(4)]
    together = core_of(HEADS)
    alone = [core_of((head,)) for head in HEADS]
    scale = rng.uniform(0.5, 2, (50, CLASSES)).astype("float32")
    for core in (together, *alone):
        core.optimizer.scales = {"a_wide/table": scale}
        for bags, truth in steps:
            core.train_on_batch(feed({"a": bags}), truth)
    tables = [np.asarray(core.get_layer("a_wide").table) for core in alone]
    np.testing.assert_allclose(together.get_layer("a_wide").table, np.hstack(tables), rtol=1e-4, atol=1e-6)
    priors = [np.asarray(core.get_layer("prior").prior) for core in alone]
    np.testing.assert_allclose(together.get_layer("prior").prior, np.stack(priors), rtol=1e-4, atol=1e-6)
    w, prior, squares = np.zeros((50, CLASSES)), np.zeros(CLASSES), 0.0
    for k, (bags, truth) in enumerate(steps):
        z, left = dense(bags, 50) @ w + prior, 1 - k / 8
        slope = np.where(truth > 0, -2 * np.maximum(1 - z, 0), 2 * np.maximum(1 + z, 0)) / len(truth)
        w -= 2.0 * left * scale**2 * (dense(bags, 50).T @ slope)
        squares += (slope.sum(0) ** 2).mean()
        prior -= 0.02 * left * slope.sum(0) / (np.sqrt(squares) + 1e-4)
    np.testing.assert_allclose(tables[0], w, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(priors[0], prior, rtol=1e-3, atol=1e-5)


def test_rates_of_sgd_follow_from_epochs_and_batch() -> None:
    heads = heads_of(1000, 20, 32)
    assert heads[0] == Head("sgd", 2 * 32 * 0.6 / 20)
    assert {head.method for head in heads} == {"sgd", "adagrad"}
    assert len(heads) == 6
    assert max(head.rate for head in heads_of(1000, 1, 32)) == HIGHEST_RATE
    assert max(head.rate for head in heads_of(1000, 1, 1) if head.method == "sgd") <= 0.25, "one row a step"
    assert heads_of(MOST_WEIGHTS // 2, 20, 32) == heads[:2]
    assert heads_of(10 * MOST_WEIGHTS, 20, 32) == heads[:1]


def test_steps_by_rows() -> None:
    steps = [-(-rows // steps_of(rows)[1]) * steps_of(rows)[0] for rows in (100, 1_000, 10_000)]
    assert steps == [80, 640, 3130]
    assert steps_of(53_360) == steps_of(10**7) == LARGE
    assert [is_large(rows) for rows in (39_999, 40_000)] == [False, True]
    assert [rows_of_feature(*of) for of in ((1000, 50.0), (1000, 900.0), (50_000, 50.0))] == [1, 2, 2]


def test_a_head_is_kept_where_it_is_clearly_better() -> None:
    from mmkeras.tasks.prediction.heads import better_than_first

    rng = np.random.default_rng(0)
    losses = rng.exponential(1.0, (1, 400)) + np.zeros((3, 1))
    assert better_than_first(losses) == 0
    assert better_than_first(losses + np.array([[0.0], [0.2], [-0.2]])) == 2
    noisy = losses[:1] + np.vstack([np.zeros(400), rng.normal(0, 3, 400) - 0.01])
    noisy[1] -= noisy[1].mean() - losses.mean() + 0.01
    assert better_than_first(noisy) == 0, "better by less than its noise"


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_counts_are_of_all_rows(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.tasks.prediction import starts

    monkeypatch.setattr(starts, "AT_ONCE", at_once)
    bags, classes = random_bags(40, 2), np.random.default_rng(1).integers(0, CLASSES, 40)
    expected = (dense(bags, 50) != 0).T.astype(float) @ one_hot(classes)
    counts = starts.counts_of(bags, classes, 50, CLASSES)
    np.testing.assert_array_equal(counts, expected)
    scales = starts.scales_of(bags, one_hot(classes), 50)
    rows = np.bincount(classes, minlength=CLASSES)
    inside, outside = (counts + 1) / (rows + 2), (counts.sum(1, keepdims=True) - counts + 1) / (40 - rows + 2)
    sizes = np.abs(np.log(inside / outside))
    expected = np.minimum(0.5 + 0.5 * sizes / np.sqrt((sizes[1:] ** 2).mean()), starts.LARGEST_SCALE)
    np.testing.assert_allclose(scales, expected, rtol=1e-4)
    priors = starts.priors_of(one_hot(np.array([0, 0, 0, 1])), np.array([1.0, 1.0, 0.0, 2.0], "float32"))
    np.testing.assert_allclose(priors, [0.0, 0.0, -1.0])
