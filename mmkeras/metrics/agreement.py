"""What answers decide, what they are worth, and how far two sets of them are apart: each said once, by the task.

`mmkeras predict`, the evaluation of a training, the report and `verify` ask here, so that a label is given by the same
rule in every file and figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.config.tasks import line_of
from mmkeras.metrics.predictions import classification_metrics, multilabel_metrics, regression_metrics

THRESHOLD: Final = 0.5
"""A label is given to a row where its probability is above this. At exactly 0.5 it is not."""
LABEL_SIGN: Final = "|"
"""What stands between the labels of an answer, as in the CSV they were learned from."""

Words = tuple[list[str], np.ndarray]


@dataclass(frozen=True)
class Answers:
    """What the answers of one task are.

    score_name: the figure to read first; more of it is better.
    decisions: answers float [n, outputs] -> what is decided of each row, [n] or [n, k], to compare.
    decide: answers, labels -> what `decide` returns.
    figures: truth, answers, names -> the figures of `evaluate`, without the score.
    difference: finite answers, finite expected answers, signature -> how far they are apart, elementwise, [n, outputs].
    """

    score_name: str
    decisions: Callable[[np.ndarray], np.ndarray]
    decide: Callable[[np.ndarray, Sequence[str]], Words]
    figures: Callable[[np.ndarray, np.ndarray, Sequence[str]], dict[str, Any]]
    difference: Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], np.ndarray]


def decide(task: str, answers: np.ndarray, labels: Sequence[str]) -> Words:
    """What answers say of each row, in words, and how sure they are of it.

    answers: float [n, outputs], as the exported graph gives them: probabilities of classes or of labels, or numbers.
    labels: the classes or labels, in the order of the outputs; () for numbers.
    Returns n words (a class; `comedy|drama`, or '' where no label is given; numbers with a space between them) and
    float [n]: the probability of the class; that of the least certain label, given or not; 1.0 for numbers.
    """
    return line_of(ANSWERS, task).decide(answers, labels)


def decisions(task: str, answers: np.ndarray) -> np.ndarray:
    """What is decided for each row: int [n] a class, bool [n, labels], or nothing, [n, 0]."""
    return line_of(ANSWERS, task).decisions(answers)


def rows_decided_otherwise(task: str, answers: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Numbers of the rows where two sets of answers do not decide alike."""
    differ = decisions(task, answers) != decisions(task, expected)
    return np.flatnonzero(differ if differ.ndim == 1 else differ.any(axis=1))


def max_abs_diff(answers: np.ndarray, expected: np.ndarray, signature: Mapping[str, Any]) -> float:
    """Of a probability, or of a number in standard deviations of its target; infinite where some are not finite.

    Of a number the last step of float32 is no difference: years have one of 1.2e-4, which is much in deviations.
    """
    if not np.isfinite(answers).all():
        return float("inf")
    return float(line_of(ANSWERS, signature["task"]).difference(answers, expected, signature).max(initial=0.0))


def evaluate(task: str, truth: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """The figures of a task's answers, with `score`, the one to read first (more is better), and `score_name`.

    truth, answers: as `Targets.truth` and the exported graph give them: classes int [n] and probabilities float
    [n, classes]; labels 0 or 1 [n, labels] and their probabilities; numbers [n, targets], both in the targets' units.
    names: the classes, the labels or the target columns, in the order of the outputs.
    """
    name = score_name(task)
    figures = line_of(ANSWERS, task).figures(truth, answers, names)
    return {**figures, "score": figures[name], "score_name": name}


def score_name(task: str) -> str:
    """The figure that sums up how good a task's answers are."""
    return line_of(ANSWERS, task).score_name


def score(signature: Mapping[str, Any], truth: np.ndarray, answers: np.ndarray) -> tuple[str, float]:
    """Name and value of the figure that sums up how good the answers are: accuracy, micro_f1 or r2."""
    figures = evaluate(signature["task"], truth, answers, signature["labels"] or signature["targets"]["names"])
    return figures["score_name"], float(figures["score"])


def read_labels(words: str) -> set[str]:
    """The labels of an answer in words: `comedy|drama` -> {comedy, drama}."""
    return set(words.split(LABEL_SIGN)) - {""}


def read_numbers(words: str) -> list[float]:
    """The numbers of an answer in words: `1.5 -2` -> [1.5, -2.0]."""
    return [float(word) for word in words.split()]


def _class(answers: np.ndarray) -> np.ndarray:
    return answers.argmax(1)


def _labels(answers: np.ndarray) -> np.ndarray:
    return answers > THRESHOLD


def _nothing(answers: np.ndarray) -> np.ndarray:
    return answers[:, :0]


def _class_in_words(answers: np.ndarray, labels: Sequence[str]) -> Words:
    return [labels[k] for k in _class(answers)], answers.max(1)


def _labels_in_words(answers: np.ndarray, labels: Sequence[str]) -> Words:
    given = _labels(answers)
    words = [LABEL_SIGN.join(label for label, yes in zip(labels, row, strict=True) if yes) for row in given]
    return words, np.where(given, answers, 1 - answers).min(1)


def _numbers_in_words(answers: np.ndarray, labels: Sequence[str]) -> Words:
    return [" ".join(f"{value:.6g}" for value in row) for row in answers], np.ones(len(answers))


def _class_figures(truth: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    return classification_metrics(truth, _class(answers), list(names))


def _label_figures(truth: np.ndarray, answers: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    figures = multilabel_metrics(truth, _labels(answers), answers, names)
    return {"rows": figures["rows"], "threshold": THRESHOLD, **figures}


def _of_probabilities(answers: np.ndarray, expected: np.ndarray, signature: Mapping[str, Any]) -> np.ndarray:
    return np.abs(answers - expected)


def _in_deviations(answers: np.ndarray, expected: np.ndarray, signature: Mapping[str, Any]) -> np.ndarray:
    step = np.spacing(np.maximum(np.abs(answers), np.abs(expected)).astype("float32"))
    deviation = np.array(signature["targets"]["deviation"] or 1.0)
    return np.maximum(np.abs(answers - expected) - step, 0.0) / deviation


ANSWERS: Final = {
    "classify": Answers("accuracy", _class, _class_in_words, _class_figures, _of_probabilities),
    "multilabel": Answers("micro_f1", _labels, _labels_in_words, _label_figures, _of_probabilities),
    "regress": Answers("r2", _nothing, _numbers_in_words, regression_metrics, _in_deviations),
}
"""Task -> what its answers are (`line_of`)."""
