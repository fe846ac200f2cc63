"""How far answers are from each other, and what they decide, by the task: what `verify` and its probes compare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mmkeras.metrics.predictions import THRESHOLD, evaluate


def decisions(task: str, answers: np.ndarray) -> np.ndarray:
    """What is decided for each row: int [n] a class, bool [n, labels], or nothing, [n, 0]."""
    if task == "classify":
        return answers.argmax(1)
    return answers > THRESHOLD if task == "multilabel" else answers[:, :0]


def rows_decided_otherwise(task: str, answers: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Numbers of the rows where two sets of answers do not decide alike."""
    differ = decisions(task, answers) != decisions(task, expected)
    return np.flatnonzero(differ if differ.ndim == 1 else differ.any(axis=1))


def largest_difference(answers: np.ndarray, expected: np.ndarray, signature: Mapping[str, Any]) -> float:
    """Of a probability, or of a number in standard deviations of its target; infinite where some are not finite.

    Of a number the last step of float32 is no difference: years have one of 1.2e-4, which is much in deviations.
    """
    if not np.isfinite(answers).all():
        return float("inf")
    difference = np.abs(answers - expected)
    if signature["task"] != "regress":
        return float(difference.max(initial=0.0))
    step = np.spacing(np.maximum(np.abs(answers), np.abs(expected)).astype("float32"))
    scale = np.array(signature["targets"]["deviation"] or 1.0)
    return float((np.maximum(difference - step, 0.0) / scale).max(initial=0.0))


def score(signature: Mapping[str, Any], truth: np.ndarray, answers: np.ndarray) -> tuple[str, float]:
    """Name and value of the figure that sums up how good the answers are: accuracy, micro_f1 or r2."""
    names = signature["targets"]["names"] if signature["task"] == "regress" else signature["labels"]
    figures = evaluate(signature["task"], truth, answers, names)
    return figures["score_name"], float(figures["score"])
