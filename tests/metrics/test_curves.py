"""Precision by recall and accuracy by coverage, against loops and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve

from mmkeras.metrics import curves
from mmkeras.metrics.curves import accuracy_by_coverage, curve, precision_recall


def drawn(seed: int, rows: int = 60, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Classes, and probabilities with many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, rows)
    scores = rng.random((rows, classes)) + np.eye(classes)[truth]
    return truth, (scores / scores.sum(axis=1, keepdims=True)).round(1)


@pytest.mark.parametrize("seed", range(3))
def test_average_precisions_and_curves_are_those_of_scikit_learn(seed: int) -> None:
    truth, probabilities = drawn(seed)
    figures = precision_recall(truth, probabilities, ["a", "b", "c", "d"])
    one_hot = np.eye(4)[truth]
    for average, name in (("micro", figures["micro"]["average_precision"]), ("macro", figures["macro"])):
        assert name == pytest.approx(average_precision_score(one_hot, probabilities, average=average))
    precision, recall, _ = precision_recall_curve(one_hot[:, 2], probabilities[:, 2])
    points = np.array(figures["classes"][2]["curve"])
    np.testing.assert_allclose(points, np.stack([recall, precision], axis=1)[-2 : -2 - len(points) : -1], atol=1e-4)


def test_labels_and_many_classes_and_classes_without_rows() -> None:
    truth, probabilities = drawn(0)
    several = np.eye(4)[truth]
    assert precision_recall(several, probabilities, list("abcd")) == precision_recall(
        truth, probabilities, list("abcd")
    )
    names = [f"{k}" for k in range(12)]
    figures = precision_recall(truth, np.pad(probabilities, [[0, 0], [0, 8]]), names)
    assert [c["average_precision"] is None for c in figures["classes"]] == [False] * 4 + [True] * 8
    assert not any("curve" in c for c in figures["classes"])
    assert 0 < figures["macro"] <= 1


def test_a_curve_has_a_bounded_number_of_points_and_its_ends() -> None:
    rng = np.random.default_rng(0)
    positive, scores = rng.random(5000) < 0.3, rng.random(5000)
    points = curve(positive, scores)
    assert len(points) == curves.POINTS
    assert points[-1] == [1.0, pytest.approx(positive.mean(), abs=1e-4)]


def test_accuracy_of_the_most_confident_rows_against_a_loop() -> None:
    rng = np.random.default_rng(1)
    confidence = rng.random(80).round(1)
    correct = rng.random(80) < confidence
    figures = accuracy_by_coverage(correct, confidence)
    expected = [
        [(confidence >= level).mean(), correct[confidence >= level].mean()] for level in np.unique(confidence)[::-1]
    ]
    np.testing.assert_allclose(figures["curve"], expected, atol=1e-4)
    for level in figures["levels"]:
        reached = [c for c, a in expected if a >= level["accuracy"]]
        assert level["coverage"] == pytest.approx(max(reached, default=0.0))
        if reached:
            assert (confidence >= level["threshold"]).sum() == level["rows"]
            assert correct[confidence >= level["threshold"]].sum() == level["right"]


def test_where_all_or_no_row_is_right() -> None:
    right = accuracy_by_coverage(np.ones(5, bool), np.full(5, 0.7))
    assert right["curve"] == [[1.0, 1.0]]
    assert [level["coverage"] for level in right["levels"]] == [1.0, 1.0, 1.0]
    wrong = accuracy_by_coverage(np.zeros(5, bool), np.arange(5.0))
    assert [level["coverage"] for level in wrong["levels"]] == [0.0, 0.0, 0.0]
    assert accuracy_by_coverage(np.zeros(0, bool), np.zeros(0))["curve"] == []
