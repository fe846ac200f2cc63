"""Decisions, figures and differences of predictions, defined once for each task.

`mmkeras predict`, the evaluation of a training, the report and `verify` share this module, so that the same rule
assigns a label in every file and figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.config.tasks import line_of
from mmkeras.metrics.predictions import classification_metrics, multilabel_metrics, regression_metrics

THRESHOLD: Final = 0.5
"""A row gets a label whose probability is above this threshold, not one at exactly 0.5."""
TIE: Final = 1e-6
"""Probabilities that are no further apart are tied: no further than float32 rounds them (16 steps near 1)."""
LABEL_SIGN: Final = "|"
"""Separates the labels of a prediction in words, as in the cells of the CSV."""

Words = tuple[list[str], np.ndarray]


@dataclass(frozen=True)
class Predictions:
    """How the predictions of a task are decided, scored and compared.

    score_name: the figure to read first; higher is better.
    decisions: predictions float [n, outputs] -> the decision on each row, [n] or [n, k], to compare.
    decide: predictions, labels -> the result of `decide`.
    figures: truth, predictions, names -> the figures of `evaluate`, without the score.
    difference: finite predictions, finite reference, signature -> elementwise difference, [n, outputs].
    gap: predictions, reference -> float [n, k], by how much the reference is against each decision of the predictions.
    log_odds: finite predictions -> the largest log-odds of a decision, 0.0 for numbers.
    """

    score_name: str
    decisions: Callable[[np.ndarray], np.ndarray]
    decide: Callable[[np.ndarray, Sequence[str]], Words]
    figures: Callable[[np.ndarray, np.ndarray, Sequence[str]], dict[str, Any]]
    difference: Callable[[np.ndarray, np.ndarray, Mapping[str, Any]], np.ndarray]
    gap: Callable[[np.ndarray, np.ndarray], np.ndarray]
    log_odds: Callable[[np.ndarray], float]


def decide(task: str, predictions: np.ndarray, labels: Sequence[str]) -> Words:
    """The prediction of each row in words, and its confidence.

    predictions: float [n, outputs], outputs of the exported graph: probabilities of classes or of labels, or numbers.
    labels: the classes or labels, in the order of the outputs; () for numbers.
    Returns n words (a class; `comedy|drama`, or '' without a label; numbers separated by a space) and float [n]: the
    probability of the class; the confidence of the least certain label, assigned or not; 1.0 for numbers.
    """
    return line_of(PREDICTIONS, task).decide(predictions, labels)


def decisions(task: str, predictions: np.ndarray) -> np.ndarray:
    """The decision on each row: int [n] classes, bool [n, labels], or [n, 0] for numbers."""
    return line_of(PREDICTIONS, task).decisions(predictions)


def rows_with_different_decisions(
    task: str, predictions: np.ndarray, reference: np.ndarray, ties: bool = True
) -> np.ndarray:
    """Int [k]: the rows with another decision than in the reference. ties: also where it is tied there (`TIE`)."""
    differ = decisions(task, predictions) != decisions(task, reference)
    differ = differ[:, None] if differ.ndim == 1 else differ  # [n, 1], or [n, labels]
    if not ties:
        differ = differ & ~(line_of(PREDICTIONS, task).gap(predictions, reference) <= TIE)
    return np.flatnonzero(differ.any(axis=1))


def largest_log_odds(task: str, predictions: np.ndarray) -> float:
    """The largest log-odds of a decision: how far the logits are spread after the temperature. 0.0 for numbers.

    At most 87: smaller probabilities than 1.2e-38 are subnormal in float32, and some runtimes make them 0.
    """
    if not predictions.size or not np.isfinite(predictions).all():
        return 0.0
    return line_of(PREDICTIONS, task).log_odds(predictions)


def max_abs_diff(predictions: np.ndarray, reference: np.ndarray, signature: Mapping[str, Any]) -> float:
    """Largest difference of probabilities, or of numbers in standard deviations of their target; infinite where a
    prediction is not finite.

    For regression, differences of one float32 ulp are ignored: the ulp of a year, 1.2e-4, is large in deviations.
    """
    if not np.isfinite(predictions).all():
        return float("inf")
    return float(line_of(PREDICTIONS, signature["task"]).difference(predictions, reference, signature).max(initial=0.0))


def evaluate(task: str, truth: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """The figures of predictions, with `score`, the figure to read first (higher is better), and `score_name`.

    truth, predictions: of `Targets.truth` and the exported graph: classes int [n] and probabilities float [n, classes];
    labels 0 or 1 [n, labels] and their probabilities; numbers [n, targets], both in the units of the targets.
    names: the classes, the labels or the target columns, in the order of the outputs.
    """
    name = score_name(task)
    figures = line_of(PREDICTIONS, task).figures(truth, predictions, names)
    return {**figures, "score": figures[name], "score_name": name}


def score_name(task: str) -> str:
    """Name of the figure that sums up the quality of predictions."""
    return line_of(PREDICTIONS, task).score_name


def is_labelled(task: str) -> bool:
    """Does a task answer with classes or labels, not with numbers? Raises KeyError for an unknown task."""
    return line_of(PREDICTIONS, task).decisions is not _no_decision


def score(signature: Mapping[str, Any], truth: np.ndarray, predictions: np.ndarray) -> tuple[str, float]:
    """Name and value of the figure that sums up the quality of predictions: accuracy, micro_f1 or r2."""
    figures = evaluate(signature["task"], truth, predictions, signature["labels"] or signature["targets"]["names"])
    return figures["score_name"], float(figures["score"])


def read_labels(words: str) -> set[str]:
    """The labels of a prediction in words: `comedy|drama` -> {comedy, drama}."""
    return set(words.split(LABEL_SIGN)) - {""}


def read_numbers(words: str) -> list[float]:
    """The numbers of a prediction in words: `1.5 -2` -> [1.5, -2.0]."""
    return [float(word) for word in words.split()]


def _class(predictions: np.ndarray) -> np.ndarray:
    return predictions.argmax(1)


def _labels(predictions: np.ndarray) -> np.ndarray:
    return predictions > THRESHOLD


def _no_decision(predictions: np.ndarray) -> np.ndarray:
    return predictions[:, :0]


def _class_in_words(predictions: np.ndarray, labels: Sequence[str]) -> Words:
    return [labels[k] for k in _class(predictions)], predictions.max(1)


def _labels_in_words(predictions: np.ndarray, labels: Sequence[str]) -> Words:
    assigned = _labels(predictions)  # bool [n, labels]
    words = [LABEL_SIGN.join(label for label, yes in zip(labels, row, strict=True) if yes) for row in assigned]
    return words, np.where(assigned, predictions, 1 - predictions).min(1)


def _numbers_in_words(predictions: np.ndarray, labels: Sequence[str]) -> Words:
    return [" ".join(f"{value:.6g}" for value in row) for row in predictions], np.ones(len(predictions))


def _class_figures(truth: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    return classification_metrics(truth, _class(predictions), list(names))


def _label_figures(truth: np.ndarray, predictions: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    figures = multilabel_metrics(truth, _labels(predictions), predictions, names)
    return {"rows": figures["rows"], "threshold": THRESHOLD, **figures}


def _absolute_difference(predictions: np.ndarray, reference: np.ndarray, signature: Mapping[str, Any]) -> np.ndarray:
    return np.abs(predictions - reference)


def _scaled_difference(predictions: np.ndarray, reference: np.ndarray, signature: Mapping[str, Any]) -> np.ndarray:
    ulp = np.spacing(np.maximum(np.abs(predictions), np.abs(reference)).astype("float32"))
    deviation = np.array(signature["targets"]["deviation"] or 1.0)
    return np.maximum(np.abs(predictions - reference) - ulp, 0.0) / deviation


def _class_gap(predictions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    chosen = np.take_along_axis(reference, predictions.argmax(1)[:, None], axis=1)  # [n, 1]
    return reference.max(axis=1, keepdims=True) - chosen


def _label_gap(predictions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.abs(reference - THRESHOLD)


def _no_gap(predictions: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.zeros((len(reference), 0))


def _logarithm(probabilities: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probabilities, np.finfo("float32").tiny), dtype="float64")


def _class_log_odds(predictions: np.ndarray) -> float:
    return float(np.ptp(_logarithm(predictions), axis=1).max())


def _label_log_odds(predictions: np.ndarray) -> float:
    return float(np.abs(_logarithm(predictions) - _logarithm(1 - predictions)).max())


def _no_log_odds(predictions: np.ndarray) -> float:
    return 0.0


PREDICTIONS: Final = {
    "classify": Predictions(
        "accuracy", _class, _class_in_words, _class_figures, _absolute_difference, _class_gap, _class_log_odds
    ),
    "multilabel": Predictions(
        "micro_f1", _labels, _labels_in_words, _label_figures, _absolute_difference, _label_gap, _label_log_odds
    ),
    "regress": Predictions(
        "r2", _no_decision, _numbers_in_words, regression_metrics, _scaled_difference, _no_gap, _no_log_odds
    ),
}
"""Task -> its `Predictions` (looked up by `line_of`)."""
