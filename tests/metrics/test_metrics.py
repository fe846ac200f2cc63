"""The figures, against scikit-learn and loops one can check by eye."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    hamming_loss,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
)

from mmkeras.metrics import predictions as metrics
from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.tables import per_class_table, summary, table_of

LABELS = ["food, drink", "tech", "体育", "politics"]


def draw(seed: int, rows: int = 200, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Truth and predictions that are right half of the time."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, rows, p=np.array([0.6, 0.2, 0.15, 0.05])[:classes])
    predicted = np.where(rng.random(rows) < 0.5, truth, rng.integers(0, classes, rows))
    return truth, predicted


@pytest.mark.parametrize("seed", range(5))
def test_classification_figures_are_scikit_learn_s(seed: int) -> None:
    truth, predicted = draw(seed)
    figures = metrics.classification_metrics(truth, predicted, LABELS)
    assert figures["rows"] == len(truth)
    assert figures["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert figures["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert figures["confusion"] == confusion_matrix(truth, predicted, labels=range(4)).tolist()
    expected = precision_recall_fscore_support(truth, predicted, labels=range(4), zero_division=0)
    for k, row in enumerate(figures["per_class"]):
        assert row["label"] == LABELS[k]
        assert [row["precision"], row["recall"], row["f1"], row["rows"]] == pytest.approx(
            [part[k] for part in expected]
        )


def test_a_class_that_never_occurs_does_not_count() -> None:
    """As scikit-learn has it: macro-F1 is over the classes that are there or were predicted."""
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 2])
    figures = metrics.classification_metrics(truth, predicted, LABELS)
    assert figures["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))
    assert figures["per_class"][3] == {"label": "politics", "precision": 0.0, "recall": 0.0, "f1": 0.0, "rows": 0}


def test_no_rows_at_all() -> None:
    figures = metrics.classification_metrics(np.array([], "int64"), np.array([], "int64"), LABELS)
    assert (figures["rows"], figures["accuracy"], figures["macro_f1"]) == (0, 0.0, 0.0)


def test_table_a_class_is_aligned_and_complete() -> None:
    truth, predicted = draw(4)
    figures = metrics.classification_metrics(truth, predicted, LABELS)
    head, *lines = per_class_table(figures).splitlines()
    assert head.split() == ["class", "precision", "recall", "f1", "rows"]
    for line, label, row in zip(lines, LABELS, figures["per_class"], strict=True):
        assert line.startswith(label)
        assert line.split()[-4:] == [f"{row[k]:.3f}" for k in ("precision", "recall", "f1")] + [str(row["rows"])]


@pytest.mark.parametrize("targets", [1, 3])
def test_regression_figures_are_scikit_learn_s(targets: int) -> None:
    rng = np.random.default_rng(targets)
    truth = rng.normal(1e6, [1, 100, 1e5][:targets], (80, targets))
    predicted = truth + rng.normal(0, [2, 30, 1e4][:targets], (80, targets))
    names = ["width", "height", "价格"][:targets]
    figures = metrics.regression_metrics(truth, predicted, names)
    assert figures["rows"] == 80
    assert figures["mae"] == pytest.approx(mean_absolute_error(truth, predicted))
    assert figures["rmse"] == pytest.approx(root_mean_squared_error(truth, predicted))
    assert figures["r2"] == pytest.approx(r2_score(truth, predicted))
    for k, row in enumerate(figures["per_target"]):
        assert row["target"] == names[k]
        assert row["rmse"] == pytest.approx(root_mean_squared_error(truth[:, k], predicted[:, k]))
        assert row["r2"] == pytest.approx(r2_score(truth[:, k], predicted[:, k]))


def test_numbers_that_never_change_or_are_not_there() -> None:
    """As scikit-learn has it, also where the mean of equal numbers is not quite that number."""
    truth = np.full((30, 2), 0.1)
    predicted = truth + np.array([0, 1])
    assert [row["r2"] for row in metrics.regression_metrics(truth, predicted, ["a", "b"])["per_target"]] == [1.0, 0.0]
    one = metrics.regression_metrics(np.array([[3.0]]), np.array([[5.0]]), ["a"])
    assert (one["mae"], one["rmse"], one["r2"]) == (2.0, 2.0, 0.0)
    none = metrics.regression_metrics(np.zeros((0, 1)), np.zeros((0, 1)), ["a"])
    assert (none["rows"], none["mae"], none["rmse"]) == (0, 0.0, 0.0)


def draw_labels(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """0 or 1, and probabilities in steps of 1/20, so that many are equal."""
    rng = np.random.default_rng(seed)
    truth = (rng.random((150, 4)) < [0.5, 0.3, 0.1, 0.05]).astype("float32")
    return truth, np.round(20 * np.clip(0.35 * truth + 0.65 * rng.random((150, 4)), 0, 1)) / 20


@pytest.mark.parametrize("seed", range(4))
def test_label_figures_are_scikit_learn_s(seed: int) -> None:
    truth, probabilities = draw_labels(seed)
    predicted = (probabilities > 0.5).astype(int)
    figures = metrics.multilabel_metrics(truth, predicted == 1, probabilities, LABELS)
    positive = truth.astype(int)
    assert figures["rows"] == 150
    assert figures["micro_f1"] == pytest.approx(f1_score(positive, predicted, average="micro"))
    assert figures["macro_f1"] == pytest.approx(f1_score(positive, predicted, average="macro", zero_division=0))
    assert figures["subset_accuracy"] == pytest.approx(accuracy_score(positive, predicted))
    assert figures["hamming_loss"] == pytest.approx(hamming_loss(positive, predicted))
    expected = precision_recall_fscore_support(positive, predicted, zero_division=0)
    for k, row in enumerate(figures["per_label"]):
        assert row["label"] == LABELS[k]
        assert [row["precision"], row["recall"], row["f1"], row["rows"]] == pytest.approx(
            [part[k] for part in expected]
        )
        assert row["average_precision"] == pytest.approx(average_precision_score(positive[:, k], probabilities[:, k]))


def test_labels_that_never_occur() -> None:
    truth, probabilities = np.array([[1, 0, 0], [1, 1, 0]]), np.array([[0.4, 0.2, 0.1], [0.3, 0.9, 0.0]])
    figures = metrics.multilabel_metrics(truth, probabilities > 0.25, probabilities, LABELS[:3])
    assert (figures["micro_f1"], figures["macro_f1"], figures["subset_accuracy"]) == (1.0, 1.0, 1.0)
    assert figures["per_label"][2]["average_precision"] == figures["per_label"][2]["f1"] == 0.0
    none = metrics.multilabel_metrics(np.zeros((0, 3)), np.zeros((0, 3), bool), np.zeros((0, 3)), LABELS[:3])
    assert (none["rows"], none["micro_f1"], none["macro_f1"], none["hamming_loss"]) == (0, 0.0, 0.0, 0.0)


def every_task() -> dict[str, tuple[np.ndarray, np.ndarray, list[str]]]:
    truth, predicted = draw(4)
    numbers = np.random.default_rng(0).normal(5e5, 9e4, (50, 2))
    return {
        "classify": (truth, np.eye(4)[predicted], LABELS),
        "multilabel": (*draw_labels(0), LABELS),
        "regress": (numbers, numbers + 7, ["width", "高度"]),
    }


@pytest.mark.parametrize(
    ("task", "name", "head", "begins"),
    [
        ("classify", "accuracy", "class precision recall f1 rows", "accuracy 0."),
        ("multilabel", "micro_f1", "label precision recall f1 average precision rows", "micro-F1 0."),
        ("regress", "r2", "target MAE RMSE R²", "R² 1.0000  MAE 7  RMSE 7  rows 50"),
    ],
)
def test_every_task_is_evaluated_and_printed(task: str, name: str, head: str, begins: str) -> None:
    truth, answers, names = every_task()[task]
    figures = evaluate(task, truth, answers, names)
    assert figures["score_name"] == name
    assert figures["score"] == figures[name]
    first, *lines = table_of(figures).splitlines()
    assert first.split() == head.split()
    for line, label in zip(lines, names, strict=True):
        assert line.startswith(label)
    assert len({len(line) for line in (first, *lines)}) == 1
    assert summary(figures).startswith(begins)


def test_classes_are_evaluated_as_ever() -> None:
    truth, answers, names = every_task()["classify"]
    figures = evaluate("classify", truth, answers, names)
    score = figures.pop("score"), figures.pop("score_name")
    assert figures == metrics.classification_metrics(truth, answers.argmax(1), names)
    assert score == (figures["accuracy"], "accuracy")
