"""The decisions on predictions, in words and in figures, by one rule for every task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmkeras.data.values.cells import LABEL_SIGN as SIGN_OF_CELLS
from mmkeras.metrics.agreement import (
    LABEL_SIGN,
    PREDICTIONS,
    THRESHOLD,
    decide,
    decisions,
    evaluate,
    max_abs_diff,
    read_labels,
    read_numbers,
    rows_with_different_decisions,
    score,
)

LABELS = ("comedy", "drama", "war")
JUST_ABOVE = float(np.nextafter(np.float32(0.5), np.float32(1)))
# three rows of each task: the answers, and what they say
PROBABILITIES = np.array([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.25, 0.5, 0.25]], "float32")
OF_LABELS = np.array([[0.5, 0.5, 0.5], [JUST_ABOVE, 0.2, 0.9], [0.1, 0.0, 0.4]], "float32")
NUMBERS = np.array([[1.5, -2], [1234567, 1e-9], [0, 0.1]], "float32")
CASES: dict[str, tuple[np.ndarray, tuple[str, ...], list[str], list[float]]] = {
    "classify": (PROBABILITIES, LABELS, ["comedy", "war", "drama"], [0.5, 0.7, 0.5]),
    "multilabel": (OF_LABELS, LABELS, ["", "comedy|war", ""], [0.5, 0.5, 0.6]),
    "regress": (NUMBERS, (), ["1.5 -2", "1.23457e+06 1e-09", "0 0.1"], [1, 1, 1]),
}


def signature(task: str) -> dict[str, Any]:
    numbers = {"names": ["width", "height"], "deviation": [2.0, 0.5]}
    return {"task": task, "labels": list(CASES[task][1]), "targets": numbers}


@pytest.mark.parametrize("task", PREDICTIONS)
def test_what_is_decided_in_words_and_how_surely(task: str) -> None:
    predictions, labels, words, confidence = CASES[task]
    decided, sure = decide(task, predictions, labels)
    assert decided == words
    np.testing.assert_allclose(sure, confidence, rtol=1e-6)
    assert len(decisions(task, predictions)) == len(predictions)
    nothing, of_none = decide(task, predictions[:0], labels)
    assert (nothing, len(of_none)) == ([], 0)


def test_a_label_at_exactly_the_threshold_is_not_given_anywhere() -> None:
    """In the figures of a run, in the files of predictions, and in what `verify` compares: one rule."""
    assert THRESHOLD == 0.5
    at, above = np.array([[THRESHOLD]], "float32"), np.array([[JUST_ABOVE]], "float32")
    truth = np.array([[1.0]], "float32")
    assert decide("multilabel", at, ["a"])[0] == [""]
    assert decide("multilabel", above, ["a"])[0] == ["a"]
    assert not decisions("multilabel", at).any()
    assert evaluate("multilabel", truth, at, ["a"])["micro_f1"] == 0.0
    assert evaluate("multilabel", truth, above, ["a"])["micro_f1"] == 1.0
    assert rows_with_different_decisions("multilabel", at, above).tolist() == [0]


def test_a_label_near_the_threshold_is_tied_by_itself() -> None:
    """The other labels of the row are still compared."""
    reference = np.array([[0.5, 0.9], [0.5, 0.9], [0.4, 0.1]], "float32")
    predictions = np.array([[JUST_ABOVE, 0.9], [JUST_ABOVE, 0.1], [0.4, 0.1]], "float32")
    assert rows_with_different_decisions("multilabel", predictions, reference).tolist() == [0, 1]
    assert rows_with_different_decisions("multilabel", predictions, reference, ties=False).tolist() == [1]
    assert rows_with_different_decisions("regress", predictions, reference + 1, ties=False).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_the_figures_are_those_of_the_words(seed: int) -> None:
    """Probabilities in steps of 1/4, so that many are exactly 0.5."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((200, 3)) < 0.4).astype("float32")
    predictions = (rng.integers(0, 5, (200, 3)) / 4).astype("float32")
    reference_labels = [{label for label, yes in zip(LABELS, row, strict=True) if yes} for row in truth]
    predicted_labels = [read_labels(words) for words in decide("multilabel", predictions, LABELS)[0]]
    figures = evaluate("multilabel", truth, predictions, LABELS)
    assert figures["subset_accuracy"] == np.mean(
        [w == g for w, g in zip(reference_labels, predicted_labels, strict=True)]
    )
    assert figures["hamming_loss"] == pytest.approx(
        np.mean([len(w ^ g) / 3 for w, g in zip(reference_labels, predicted_labels, strict=True)])
    )
    assert list(figures)[:3] == ["rows", "threshold", "micro_f1"], "the order that metrics.json has"


def test_words_are_read_back() -> None:
    assert read_labels("comedy|drama") == {"comedy", "drama"}
    assert read_labels("") == set()
    assert read_numbers("1.5 -2 nan")[:2] == [1.5, -2.0]
    assert LABEL_SIGN == SIGN_OF_CELLS, "answers look as the cells do that they were learned from"
    for predictions, _, words, _ in [CASES["regress"]]:
        np.testing.assert_allclose([read_numbers(row) for row in words], predictions, rtol=1e-5)


@pytest.mark.parametrize("task", PREDICTIONS)
def test_answers_agree_with_themselves_and_not_with_others(task: str) -> None:
    predictions, *_ = CASES[task]
    other = predictions[::-1]
    assert rows_with_different_decisions(task, predictions, predictions).tolist() == []
    assert max_abs_diff(predictions, predictions, signature(task)) == 0.0
    assert max_abs_diff(other, predictions, signature(task)) > 0.1
    assert max_abs_diff(predictions[:0], predictions[:0], signature(task)) == 0.0
    assert max_abs_diff(predictions * np.nan, predictions, signature(task)) == float("inf")


def test_numbers_differ_in_deviations_and_not_by_the_last_step_of_float32() -> None:
    expected = np.array([[2024.0, 1.0]], "float32")
    step = np.nextafter(expected, np.float32(np.inf))
    assert max_abs_diff(step, expected, signature("regress")) == 0.0
    further = np.array([[2024.0, 2.0]], "float32")
    assert max_abs_diff(further, expected, signature("regress")) == pytest.approx(2.0, rel=1e-5)
    assert rows_with_different_decisions("regress", further, expected).tolist() == [], "numbers decide nothing"


@pytest.mark.parametrize(
    ("task", "truth", "name"),
    [
        ("classify", np.array([0, 2, 1]), "accuracy"),
        ("multilabel", np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]]), "micro_f1"),
        ("regress", NUMBERS, "r2"),
    ],
)
def test_right_answers_have_a_score_of_1(task: str, truth: np.ndarray, name: str) -> None:
    assert score(signature(task), truth, CASES[task][0]) == (name, 1.0)
