"""The CSV of predictions: what is decided stands there as the figures count it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmkeras.data.files.writing import as_texts
from mmkeras.data.targets.targets import Targets
from mmkeras.metrics.agreement import evaluate
from mmkeras.runtime.predict import answer_columns, answer_rows

LABELS = Targets("multilabel", ("tags",), ("a", "b"), (), ())


def as_cells(predictions: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[str]]:
    """The answers as the header and the rows of a CSV."""
    columns = answer_columns(targets, probabilities)
    yield [column.name for column in columns]
    yield from as_texts(columns, answer_rows(predictions, targets, probabilities))


def test_a_label_at_one_half_is_neither_written_nor_counted() -> None:
    answers = np.array([[0.5, 0.75], [0.5, 0.5]], "float32")
    header, *rows = as_cells(answers, LABELS, probabilities=True)
    assert header == ["prediction", "probability", "a", "b"]
    assert rows == [["b", "0.500000", "0.500000", "0.750000"], ["", "0.500000", "0.500000", "0.500000"]]
    truth = np.array([[0, 1], [0, 0]], "float32")
    assert evaluate("multilabel", truth, answers, LABELS.labels)["subset_accuracy"] == 1.0


def test_classes_and_numbers() -> None:
    classes = Targets("classify", ("label",), ("x", "y"), (), ())
    assert list(as_cells(np.array([[0.25, 0.75]], "float32"), classes, probabilities=False)) == [
        ["prediction", "probability"],
        ["y", "0.750000"],
    ]
    numbers = Targets("regress", ("width", "height"), (), (0.0, 0.0), (1.0, 1.0))
    assert list(as_cells(np.array([[1.5, -2e7]]), numbers, probabilities=False)) == [
        ["prediction width", "prediction height"],
        ["1.5", "-2e+07"],
    ]
    one = Targets("regress", ("width",), (), (0.0,), (1.0,))
    assert list(as_cells(np.zeros((1, 1)), one, probabilities=True)) == [["prediction"], ["0"]]
