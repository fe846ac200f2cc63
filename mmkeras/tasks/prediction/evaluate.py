"""A trained core on the held-out rows: figures, calibration, what each column gives, what a missing one costs."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np

from mmkeras.features.batches import Batches
from mmkeras.features.column_features import ArrayFeatures, ColumnFeatures
from mmkeras.metrics.agreement import decide, evaluate
from mmkeras.metrics.calibration import calibration, fit_temperature, softmax
from mmkeras.models.core import Core
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.tasks import TASKS
from mmkeras.tasks.prediction.material import EVALUATION_BATCH, TrainingData

SUBSET_ROWS = 1000  # held-out rows, at most, for the matrix of missing modalities


@dataclass(frozen=True)
class Evaluation:
    """figures: for metrics.json. answers: float32 [n, outputs], the model's. words: what it says of each row.

    confidence: float [n], the probability of that, 1.0 for numbers. parts: column -> float32 [n], what it adds to the
    logit of the answer, where the fusion can tell.
    """

    figures: dict[str, Any]
    answers: np.ndarray
    words: list[str]
    confidence: np.ndarray
    parts: dict[str, np.ndarray]


def evaluate_model(
    core: Core, material: TrainingData, truth: np.ndarray, inputs: Sequence[dict[str, Any]]
) -> Evaluation:
    """Figures on the held-out rows, which nothing has been learned from; the temperature that fits them best.

    (They have chosen the epoch, and where naive Bayes answers too, how much it says.)

    truth: class numbers int [n], or float32 [n, outputs]. inputs: those of the signature.
    """
    targets = material.targets
    logits = run(core.model, material.sides["validation"], material)
    temperature = 1.0
    figures: dict[str, Any] = {}
    if targets.task == "classify":
        temperature = fit_temperature(logits, truth)
        before, after = calibration(softmax(logits), truth), calibration(softmax(logits / temperature), truth)
        figures["calibration"] = {"temperature": temperature, "before": before, "after": after}
    answers = answers_of(logits / temperature, material)
    names = list(targets.labels or targets.names)
    figures = {"validation": evaluate(targets.task, truth, answers, names), **figures, "folded": False}
    if core.takes_presence:
        figures["missing"] = missing_matrix(core, material, truth, inputs, temperature)
    parts, shares = contributions(core, material, answers)
    if shares:
        figures["contributions"] = shares
    return Evaluation(figures, answers, *decide(targets.task, answers, targets.labels), parts)


def run(
    model: keras.Model, sides: Sequence[ColumnFeatures], material: TrainingData, rows: np.ndarray | None = None
) -> np.ndarray:
    """The model's output for the held-out rows, or for some, in their order."""
    batches = Batches(sides, material.encoded["validation"], EVALUATION_BATCH, None, None)
    if rows is not None:
        batches.order = [rows[k : k + EVALUATION_BATCH] for k in range(0, len(rows), EVALUATION_BATCH)]
    found = np.asarray(model.predict(batches.dataset(), verbose=0), "float32")
    if rows is not None:
        return found
    ordered = np.empty_like(found)
    ordered[np.concatenate(batches.order)] = found
    return ordered


def answers_of(logits: np.ndarray, material: TrainingData) -> np.ndarray:
    """What the exported graph makes of logits."""
    task = importlib.import_module(TASKS[material.targets.task])
    return np.asarray(task.answer(logits.astype("float32"), material.targets))


def missing_matrix(
    core: Core, material: TrainingData, truth: np.ndarray, inputs: Sequence[dict[str, Any]], temperature: float
) -> list[dict[str, Any]]:
    """The score with each subset of the modalities there and the others missing, on the same rows."""
    n = len(truth)
    rows = np.linspace(0, n - 1, min(n, SUBSET_ROWS)).astype(int)
    names = list(material.targets.labels or material.targets.names)
    matrix = []
    for subset in subsets(modalities_of(inputs)):
        sides = [without(side, subset.hidden) for side in material.sides["validation"]]
        answers = answers_of(run(core.model, sides, material, rows) / temperature, material)
        figures = evaluate(material.targets.task, truth[rows], answers, names)
        matrix.append({"present": list(subset.present), "rows": len(rows), figures["score_name"]: figures["score"]})
    return matrix


def without(side: ColumnFeatures, hidden: Sequence[str]) -> ColumnFeatures:
    """A side where some columns are missing: only their presence changes, the model looks at nothing else then."""
    if not isinstance(side, ArrayFeatures):
        return side
    gone = {f"{name}_present" for name in hidden}
    return replace(side, arrays={n: np.zeros_like(a) if n in gone else a for n, a in side.arrays.items()})


def contributions(
    core: Core, material: TrainingData, answers: np.ndarray
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """What each column adds to what is answered: of every row, and how large that is on the average.

    Logits of classes are counted from their mean over the classes: a constant added to all of them changes no answer.
    """
    if not core.parts:
        return {}, []
    both = keras.Model(core.model.input, keras.ops.stack(list(core.parts.values()), axis=1), name="parts")
    parts = run(both, material.sides["validation"], material)  # [n, M, outputs]
    if material.targets.task == "classify":
        parts = parts - parts.mean(axis=2, keepdims=True)
        chosen = np.take_along_axis(parts, answers.argmax(1)[:, None, None], axis=2)[:, :, 0]  # [n, M]
    else:
        chosen = np.abs(parts).mean(axis=2)
    by_column = {name: chosen[:, k] for k, name in enumerate(core.parts)}
    shares = [
        {"column": name, "mean": float(values.mean()), "mean_size": float(np.abs(values).mean())}
        for name, values in by_column.items()
    ]
    return by_column, shares
