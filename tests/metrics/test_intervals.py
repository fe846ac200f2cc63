"""95% intervals of scores and of differences on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.intervals import SAMPLES, bootstrap, change_interval, interval, row_statistics, wilson
from mmkeras.metrics.texts import text_figures, text_statistics

TASKS = ("classify", "multilabel", "regress")
ROWS = 150


def predicted(task: str, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth, the same for each seed's noise, and predictions that are the worse the more noise."""
    rng = np.random.default_rng(1)
    more = np.random.default_rng(seed)
    if task == "regress":
        truth = rng.normal(50, 3, (ROWS, 2))
        return truth, truth + more.normal(0, noise, truth.shape)
    if task == "multilabel":
        truth = rng.integers(0, 2, (ROWS, 3)).astype("float32")
        return truth, np.clip(truth + more.normal(0, noise, truth.shape), 0, 1)
    classes = rng.integers(0, 3, ROWS)
    return classes, np.eye(3)[classes] + more.normal(0, noise, (ROWS, 3))


def one_sample(rows: int) -> np.ndarray:
    """Each row once."""
    return np.ones((1, rows))


@pytest.mark.parametrize("task", TASKS)
def test_the_statistics_of_the_rows_sum_up_to_the_score(task: str) -> None:
    truth, predictions = predicted(task, 0.6)
    statistics = row_statistics(task, truth, predictions)
    expected = evaluate(task, truth, predictions, ["a", "b", "c"][: predictions.shape[1]])["score"]
    assert statistics.score(statistics.rows.sum(axis=0, keepdims=True), ROWS)[0] == pytest.approx(expected)


@pytest.mark.parametrize("task", TASKS)
def test_an_interval_is_that_of_scores_of_drawn_rows(task: str) -> None:
    """Against a loop over the samples; accuracy has Wilson's."""
    truth, predictions = predicted(task, 0.6)
    samples = bootstrap(ROWS)
    low, high = interval(row_statistics(task, truth, predictions), samples)
    names = ["a", "b", "c"][: predictions.shape[1]]
    drawn = [np.repeat(np.arange(ROWS), sample.astype(int)) for sample in samples]
    scores = [evaluate(task, truth[rows], predictions[rows], names)["score"] for rows in drawn]
    if task == "classify":
        assert (low, high) == wilson(float((predictions.argmax(1) == truth).sum()), ROWS)
        assert [low, high] == pytest.approx(np.percentile(scores, [2.5, 97.5]), abs=0.03)
    else:
        assert [low, high] == pytest.approx(np.percentile(scores, [2.5, 97.5]), abs=1e-6)


@pytest.mark.parametrize("task", TASKS)
def test_a_difference_is_told_apart_on_the_same_rows(task: str) -> None:
    truth, good = predicted(task, 0.3)
    _, bad = predicted(task, 1.5, seed=2)
    _, alike = predicted(task, 0.3, seed=3)
    samples = bootstrap(ROWS)
    of: Any = {name: row_statistics(task, truth, p) for name, p in (("good", good), ("bad", bad), ("alike", alike))}
    assert change_interval(of["bad"], of["good"], samples)[1] < 0
    low, high = change_interval(of["alike"], of["good"], samples)
    assert low <= 0 <= high
    assert change_interval(of["good"], of["good"], samples) == (0.0, 0.0)


def test_samples_have_as_many_rows_and_are_the_same_again() -> None:
    samples = bootstrap(7)
    assert samples.shape == (SAMPLES, 7)
    assert (samples.sum(axis=1) == 7).all()
    np.testing.assert_array_equal(samples, bootstrap(7))


@pytest.mark.parametrize("name", ["bleu", "chrf", "exact"])
def test_statistics_of_texts_sum_up_to_the_score(name: str) -> None:
    """And are not those of sacrebleu by accident."""
    texts = ["a man is riding a horse", "two dogs run in the park", "a cat"]
    references = [
        ["a man is riding a horse"],
        ["two dogs run through a park", "dogs run in the park"],
        ["a cat sleeps"],
    ]
    statistics = text_statistics(name, texts, references)
    score = statistics.score(one_sample(3) @ statistics.rows, 3)[0]
    assert score == pytest.approx(text_figures(texts, references)[name])
