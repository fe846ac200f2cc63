"""A trained core on the held-out rows: figures, calibration, columns' contributions, the cost of missing columns."""

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
from mmkeras.metrics.calibration import choices, choices_a_row
from mmkeras.metrics.curves import precision_recall
from mmkeras.metrics.intervals import RowStatistics, bootstrap, change_interval, interval, row_statistics
from mmkeras.metrics.temperature import choose_temperature
from mmkeras.models.core import Core
from mmkeras.runtime.subsets import Subset, matrix_groups, one_by_one, subsets
from mmkeras.tasks import TASKS
from mmkeras.tasks.prediction.material import EVALUATION_BATCH, TrainingData

SUBSET_ROWS = 1000  # held-out rows, at most, for the matrix of missing modalities


@dataclass(frozen=True)
class Evaluation:
    """figures: for metrics.json. predictions: float32 [n, outputs]. predicted: the prediction of each row as a cell.

    confidence: float [n], the probability of the prediction, 1.0 for numbers. parts: column -> float32 [n], its part of
    the predicted class' logit; {} if the fusion has none.
    """

    figures: dict[str, Any]
    predictions: np.ndarray
    predicted: list[str]
    confidence: np.ndarray
    parts: dict[str, np.ndarray]


def evaluate_model(core: Core, data: TrainingData, truth: np.ndarray, inputs: Sequence[dict[str, Any]]) -> Evaluation:
    """Figures on the held-out rows, and the temperature, if it lowers their calibration error; numbers have none.

    No weight is trained on these rows so far; they have chosen the epoch and the weight of naive Bayes.

    truth: class indices int [n], or float32 [n, outputs]. inputs: those of the signature.
    """
    targets = data.targets
    logits = run(core.model, data.features["validation"], data)
    temperature = 1.0
    figures: dict[str, Any] = {}
    calibrated = choices(targets.task, logits, truth)
    if calibrated is not None:
        options, right = calibrated
        figures["calibration"] = choose_temperature(options, right, choices_a_row(targets.task, logits))
        temperature = figures["calibration"]["temperature"]
    predictions = predictions_of(logits / temperature, data)
    names = list(targets.labels or targets.names)
    figures = {"validation": evaluate(targets.task, truth, predictions, names), **figures, "folded": False}
    if calibrated is not None:
        figures["precision_recall"] = precision_recall(truth, predictions, names)
    if core.takes_presence:
        figures["missing"] = missing_matrix(core, data, truth, subsets(matrix_groups(inputs)), temperature)
        figures["missing_columns"] = missing_matrix(core, data, truth, one_by_one(inputs), temperature)
    parts, shares = contributions(core, data, predictions)
    if shares:
        figures["contributions"] = shares
    return Evaluation(figures, predictions, *decide(targets.task, predictions, targets.labels), parts)


def run(
    model: keras.Model,
    features: Sequence[ColumnFeatures],
    data: TrainingData,
    rows: np.ndarray | None = None,
    split_name: str = "validation",
) -> np.ndarray:
    """The model's outputs [n, …] for the rows of a split, or for the rows of an index of it, in order."""
    batches = Batches(features, data.encoded[split_name], EVALUATION_BATCH, None, None)
    if rows is not None:
        batches.order = [rows[k : k + EVALUATION_BATCH] for k in range(0, len(rows), EVALUATION_BATCH)]
    outputs = np.asarray(model.predict(batches.dataset(), verbose=0), "float32")
    if rows is not None:
        return outputs
    ordered = np.empty_like(outputs)
    ordered[np.concatenate(batches.order)] = outputs
    return ordered


def predictions_of(logits: np.ndarray, data: TrainingData) -> np.ndarray:
    """Logits [n, outputs] -> the answer of the exported graph: probabilities or numbers."""
    task = importlib.import_module(TASKS[data.targets.task])
    return np.asarray(task.answer(logits.astype("float32"), data.targets))


def missing_matrix(
    core: Core, data: TrainingData, truth: np.ndarray, wanted: Sequence[Subset], temperature: float
) -> list[dict[str, Any]]:
    """The score with each subset of the columns present and the others missing, on the same rows, with intervals."""
    n = len(truth)
    rows = np.linspace(0, n - 1, min(n, SUBSET_ROWS)).astype(int)
    names = list(data.targets.labels or data.targets.names)
    matrix, statistics = [], []
    for subset in wanted:
        features = [mask_columns(column, subset.hidden) for column in data.features["validation"]]
        predictions = predictions_of(run(core.model, features, data, rows) / temperature, data)
        figures = evaluate(data.targets.task, truth[rows], predictions, names)
        matrix.append({"present": list(subset.present), "rows": len(rows), figures["score_name"]: figures["score"]})
        statistics.append(row_statistics(data.targets.task, truth[rows], predictions))
    return with_intervals(matrix, statistics)


def with_intervals(matrix: list[dict[str, Any]], statistics: Sequence[RowStatistics]) -> list[dict[str, Any]]:
    """The rows with the 95% interval of the score, and of its difference from that with all columns present.

    statistics: of each row.
    """
    if not matrix:
        return []
    samples = bootstrap(len(statistics[0].rows))
    everything = max(range(len(matrix)), key=lambda k: len(matrix[k]["present"]))
    for row, of_row in zip(matrix, statistics, strict=True):
        row["interval"] = list(interval(of_row, samples))
        row["change_interval"] = list(change_interval(of_row, statistics[everything], samples))
    return matrix


def mask_columns(features: ColumnFeatures, hidden: Sequence[str]) -> ColumnFeatures:
    """The features with the columns `hidden` missing: their presence is 0, and the model then ignores the rest."""
    if not isinstance(features, ArrayFeatures):
        return features
    masked = {f"{name}_present" for name in hidden}
    return replace(features, arrays={n: np.zeros_like(a) if n in masked else a for n, a in features.arrays.items()})


def contributions(
    core: Core, data: TrainingData, predictions: np.ndarray
) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """Each column's part of the predicted class' logit: for every row, and its mean and mean size.

    Logits of classes are taken relative to their mean over the classes: a constant added to all changes no prediction.
    """
    if not core.parts:
        return {}, []
    parts_model = keras.Model(core.model.input, keras.ops.stack(list(core.parts.values()), axis=1), name="parts")
    parts = run(parts_model, data.features["validation"], data)  # [n, M, outputs]
    if data.targets.task == "classify":
        parts = parts - parts.mean(axis=2, keepdims=True)
        chosen = np.take_along_axis(parts, predictions.argmax(1)[:, None, None], axis=2)[:, :, 0]  # [n, M]
    else:
        chosen = np.abs(parts).mean(axis=2)
    by_column = {name: chosen[:, k] for k, name in enumerate(core.parts)}
    shares = [
        {"column": name, "mean": float(values.mean()), "mean_size": float(np.abs(values).mean())}
        for name, values in by_column.items()
    ]
    return by_column, shares
