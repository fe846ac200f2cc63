"""What the linear part of a classifier says: the n-grams of each class, and what spoke for each wrong prediction.

The wide part of `wide_deep`, and naive Bayes in the multimodal model, add the weight of each n-gram of a text to the
logits. So the share of an n-gram in a difference of two logits is exact: its weight in the bag times the difference of
its two entries in the table. The rest of the model (the deep part, the network) is one number beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from mmkeras.features.column_features import bags_in
from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.ngram_names import names_of_ngrams
from mmkeras.models import COUNTED, FREQUENCIES, PRIOR, WIDE
from mmkeras.models.core import Core
from mmkeras.runs.run import MISTAKES_SHOWN
from mmkeras.tasks.prediction.evaluate import Evaluation, run
from mmkeras.tasks.prediction.material import TrainingData

MOST_ROWS: Final = 20_000  # training rows, evenly spaced, that the n-grams of the classes are counted on
CLASSES: Final = 200  # largest number of classes whose n-grams are listed, the most frequent ones
NGRAMS: Final = 12  # of a class
AT_ONCE: Final = 2048  # rows whose n-grams are counted at once
SHOWN: Final = 6  # n-grams for a wrong prediction, and as many against it
UNNAMED: Final = "?"  # an n-gram whose text was not found


@dataclass(frozen=True)
class LinearColumn:
    """The linear part of one text column.

    table: float32 [rows, classes]; bias: float32 [classes] of a present text; column: its name in the CSV.
    """

    name: str
    column: str
    text: Any
    table: np.ndarray
    bias: np.ndarray

    @cached_property
    def order(self) -> np.ndarray:
        """int64 [rows of the vocabulary]: its keys in ascending order."""
        return np.argsort(self.text.state.vocabulary.keys, kind="stable")


def linear_columns(core: Core, data: TrainingData) -> list[LinearColumn]:
    """The text columns with a linear part that says anything; [] for other tasks than classes, and other models."""
    if data.targets.task != "classify":
        return []
    layers = {layer.name: layer for layer in core.model.layers}
    titles = {spec["name"]: spec["column"] for spec in data.inputs}
    found: list[LinearColumn] = []
    prior = layers.get(PRIOR)
    for name, text in data.columns.items():
        layer = layers.get(WIDE.format(name=name)) or layers.get(COUNTED.format(name=name))
        if layer is None or not hasattr(text, "state"):
            continue
        table = np.asarray(layer.table)
        frequencies = layers.get(FREQUENCIES.format(name=name))
        bias = np.zeros(table.shape[1], "float32") if frequencies is None else np.asarray(frequencies.kernel)[0]
        if prior is not None and not found:  # added once, however many texts a row has
            bias = bias + np.asarray(prior.prior)
        if table.any():
            found.append(LinearColumn(name, titles[name], text, table, bias))
    return found


def explain(core: Core, data: TrainingData, evaluation: Evaluation) -> dict[str, Any]:
    """`classes`: the n-grams of each class; `mistakes`: what spoke for each; {} where no part is linear.

    The model is the one of the figures: not refit yet. Logits are divided by the temperature that it gets.
    """
    columns = linear_columns(core, data)
    if not columns:
        return {}
    rows = worst_rows(evaluation, data)
    part = "wide" if any(layer.name == WIDE.format(name=columns[0].name) for layer in core.model.layers) else "counts"
    return {
        "part": part,
        "classes": [entry for column in columns for entry in ngrams_of_classes(column, data)],
        "mistakes": explain_rows(rows, columns, core, data, evaluation.figures["calibration"]["temperature"]),
    }


def worst_rows(evaluation: Evaluation, data: TrainingData) -> list[int]:
    """Numbers of the held-out rows that the report shows: wrong, the most confident first."""
    truth = data.targets.truth(data.split.validation)
    wrong = np.flatnonzero(evaluation.predictions.argmax(axis=1) != truth)
    written = np.array([float(f"{p:.6f}") for p in evaluation.confidence[wrong]])  # as validation.csv has it
    return [int(row) for row in wrong[np.argsort(-written, kind="stable")[:MISTAKES_SHOWN]]]


def ngrams_of_classes(column: LinearColumn, data: TrainingData) -> list[dict[str, Any]]:
    """For each class, the n-grams that set its training rows apart: column, label, and `ngrams`, [[n-gram, weight], …].

    The weight is what an n-gram adds to the logit of the class relative to the mean over the classes, in a row of the
    class on average, less the same in all rows: n-grams that every text has, and those of few texts, come last.
    """
    bags, rows = bags_in(data.features["train"], column.name), np.arange(len(data.encoded["train"]))
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int)]
    classes = data.encoded["train"][rows].argmax(axis=1)
    everywhere = sums_of_weights(bags, rows, len(column.table)) / max(len(rows), 1)
    mean = column.table.mean(axis=1)  # [rows]
    frequent = np.argsort(-np.bincount(classes, minlength=column.table.shape[1]), kind="stable")[:CLASSES]
    chosen: dict[int, list[tuple[int, float]]] = {}
    for k in sorted(frequent.tolist()):
        inside = rows[classes == k]
        apart = sums_of_weights(bags, inside, len(column.table)) / max(len(inside), 1) - everywhere
        scores = np.maximum(apart, 0.0) * (column.table[:, k] - mean)
        best = np.argpartition(-scores, min(NGRAMS, len(scores) - 1))[:NGRAMS]  # of 200,000: a full sort takes longer
        best = best[np.lexsort((best, -scores[best]))]
        chosen[k] = [(int(row), float(scores[row])) for row in best if scores[row] > 0]
    wanted = {row for pairs in chosen.values() for row, _ in pairs}
    names = names_of_rows(wanted, column, bags, rows, data)
    return [
        {
            "column": column.column,
            "label": data.targets.labels[k],
            "ngrams": [[names.get(row, UNNAMED), round(score, 5)] for row, score in pairs],
        }
        for k, pairs in chosen.items()
    ]


def sums_of_weights(bags: Ragged, rows: np.ndarray, n_rows: int) -> np.ndarray:
    """float64 [n_rows]: the sum of the weights of each table row in some of the bags."""
    sums = np.zeros(n_rows)
    for k in range(0, len(rows), AT_ONCE):
        part = bags.take(rows[k : k + AT_ONCE])
        sums += np.bincount(part.columns[0], part.columns[1], n_rows)
    return sums


def names_of_rows(
    wanted: set[int], column: LinearColumn, bags: Ragged, rows: np.ndarray, data: TrainingData
) -> dict[int, str]:
    """Table row -> its n-gram, read in the first of the training texts `rows` that has it. bags: of all texts."""
    first, missing = np.full(len(column.table), -1), np.zeros(len(column.table), bool)
    missing[[*wanted]] = True
    for k in range(0, len(rows), AT_ONCE):
        if not missing.any():
            break
        part = bags.take(rows[k : k + AT_ONCE])
        found = np.flatnonzero(missing[part.columns[0]])
        entries, text_of = part.columns[0][found], rows[k + part.row_numbers()[found]]
        first[entries[::-1]] = text_of[::-1]  # of equal entries the last assignment holds: the first text
        missing[entries] = False
    cells, names = data.split.train[column.column], {}
    by_text: dict[int, list[int]] = {}
    for row in wanted:
        by_text.setdefault(int(first[row]), []).append(row)
    for text, of_text in by_text.items():
        known = names_by_row(cells.iloc[text], column)
        names.update({row: known[row] for row in of_text if row in known})
    return names


def names_by_row(cell: str, column: LinearColumn) -> dict[int, str]:
    """Table row -> n-gram, of each known n-gram of a text."""
    state = column.text.state
    names = names_of_ngrams(cell, state.spec)
    keys, order = state.vocabulary.keys, column.order
    wanted = np.fromiter(names, "int64", len(names))
    places = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)] if len(keys) else wanted
    known = keys[places] == wanted if len(keys) else np.zeros(len(wanted), bool)
    shift = 1 + state.spec.unknown_buckets
    return {
        int(place) + shift: names[int(key)]
        for place, key, is_known in zip(places, wanted, known, strict=True)
        if is_known
    }


def explain_rows(
    rows: list[int], columns: Sequence[LinearColumn], core: Core, data: TrainingData, temperature: float
) -> list[dict[str, Any]]:
    """`explain_row` of each."""
    if not rows:
        return []
    logits = run(core.model, data.features["validation"], data, np.array(rows)).astype("float64") / temperature
    return [explain_row(row, z, columns, data, temperature) for row, z in zip(rows, logits, strict=True)]


def explain_row(
    row: int, logits: np.ndarray, columns: Sequence[LinearColumn], data: TrainingData, temperature: float
) -> dict[str, Any]:
    """What speaks for the predicted class and against the true one, in the difference of their logits.

    `line`, `total`: the difference, which is log(P(predicted) / P(true)); `supporting`, `opposing`: [[column, n-gram,
    part], …], the largest first; `others`: the sum of all other n-grams, and their number `n_others`; `bias`: of the
    linear part; `rest`: what the other parts of the model add. All of them sum up to the total.

    logits: float [classes], at the temperature.
    """
    predicted, true = int(logits.argmax()), int(data.targets.truth(data.split.validation)[row])
    shares: list[tuple[str, str, float]] = []
    bias = 0.0
    for column in columns:
        bag = bags_in(data.features["validation"], column.name).take(np.array([row]))
        entries, weights = (np.asarray(part) for part in bag.columns)
        differences = (column.table[:, predicted] - column.table[:, true]).astype("float64")
        names = names_by_row(data.split.validation[column.column].iloc[row], column)
        for entry, weight in zip(entries.tolist(), weights.astype("float64").tolist(), strict=True):
            shares.append((column.column, names.get(entry, UNNAMED), weight * differences[entry] / temperature))
        if is_present(column.name, data, row):
            bias += float(column.bias[predicted] - column.bias[true]) / temperature
    shares.sort(key=lambda share: -share[2])
    supporting = [share for share in shares[:SHOWN] if share[2] > 0]
    opposing = [share for share in shares[::-1][:SHOWN] if share[2] < 0]
    total = float(logits[predicted] - logits[true])
    linear, shown = sum(share[2] for share in shares), sum(share[2] for share in [*supporting, *opposing])
    return {
        "line": int(data.split.validation_lines[row]),
        "total": total,
        "supporting": [list(share) for share in supporting],
        "opposing": [list(share) for share in opposing],
        "others": linear - shown,
        "n_others": len(shares) - len(supporting) - len(opposing),
        "bias": bias,
        "rest": total - linear - bias,
    }


def is_present(name: str, data: TrainingData, row: int) -> bool:
    """Does a held-out row have a text in the column? True of a model that knows no missing cells."""
    key = f"{name}_present"
    arrays = [f.batch(np.array([row]), False)[key] for f in data.features["validation"] if key in f.specs()]
    return all(bool(np.ravel(array)[0] > 0) for array in arrays)
