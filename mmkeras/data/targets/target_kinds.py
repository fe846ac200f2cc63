"""The kinds of targets: a class, labels, a number, a text. A kind defines how rows are checked, split and encoded.

A task names the kind of its target in `config.tasks.TARGET_KINDS`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from mmkeras.data.targets.one_hot import OneHot
from mmkeras.data.values.cells import fold_labels, fold_space, one_line, split_labels, to_floats
from mmkeras.data.values.identity import key_of
from mmkeras.data.values.outliers import outliers

BINS: Final = 10
"""Strata from low to high that numbers are cut into, so that both splits have their share of each."""
SMALLEST_DEVIATION: Final = 1e-30
"""Numbers with a smaller standard deviation do not differ in float32."""

Columns = Sequence[pd.Series]
"""The cells of the target columns, as in `Table.rows`: one column, except for a kind that allows several."""


def no_labels(cells: pd.Series) -> list[tuple[str, ...]]:
    """() for each row of a target that is neither a class nor labels."""
    return [()] * len(cells)


@dataclass(frozen=True)
class TargetKind:
    """The words, flags and functions of a kind of target.

    one, many: the noun for the content of a cell, in messages. other: how rows of equal inputs may differ. same,
    needed: the error where every row has the same target, and its remedy.

    Used by a split. labels: cells -> the class or the labels of each row. strata: columns, rows of the smaller split
    (which needs one row of each stratum) -> the stratum of each row, of which both splits get their share; None for a
    single stratum. every_class: each class is trained on and evaluated, so both splits need a row of it. together:
    rows of equal inputs stay in one split, since several targets are right for them.

    Used by a table. fold: cell -> as `Table.rows` has it. extent: cells -> their range or count, in words. values:
    columns -> the target of each row, to compare. distinct: cells -> number of different targets. labelled: a cell
    names a class or labels, which are expected to repeat. counted: the noun for them in messages, cells or labels.
    several: several target columns are allowed.

    Used by `Targets`. fit: columns of the training rows -> labels, mean, deviation, where the kind has them. truth:
    columns, labels -> the reference that predictions are compared with. known: columns, labels -> bool [n]: rows whose
    truth the model can predict. encode: truth, the Targets -> float32 [n, outputs], the training targets.
    """

    one: str
    many: str
    other: str
    same: str
    needed: str
    strata: Callable[[Columns, int], list[str] | np.ndarray | None]
    fit: Callable[[Columns], dict[str, Any]]
    truth: Callable[[Columns, Sequence[str]], np.ndarray]
    known: Callable[[Columns, Sequence[str]], np.ndarray]
    encode: Callable[[np.ndarray, Any], np.ndarray | OneHot]
    extent: Callable[[pd.Series], str]
    values: Callable[[Columns], Sequence[tuple[Hashable, ...]]]
    labels: Callable[[pd.Series], list[tuple[str, ...]]] = no_labels
    distinct: Callable[[pd.Series], int] = lambda cells: cells.nunique()
    fold: Callable[[str], str] = fold_space
    counted: str = "values"
    labelled: bool = False
    every_class: bool = False
    together: bool = False
    several: bool = False


# One class a cell.


def class_of_each(cells: pd.Series) -> list[tuple[str, ...]]:
    """The cell is the class; rows of one class share their tuple."""
    of = {cell: (cell,) for cell in cells.unique()}
    return [of[cell] for cell in cells]


def class_numbers(columns: Columns, labels: Sequence[str]) -> np.ndarray:
    """int64 [n]: the index of the class, -1 for an unknown class; another spelling of its number is the same class."""
    number_of = {label: k for k, label in enumerate(labels)}
    keys = {key_of(label): k for k, label in enumerate(labels)} if len({*map(key_of, labels)}) == len(labels) else {}
    number = {cell: number_of.get(cell, keys.get(key_of(cell), -1)) for cell in columns[0].unique()}
    return columns[0].map(number).to_numpy(dtype="int64")


def one_hot(truth: np.ndarray, targets: Any) -> OneHot:
    """One-hot rows of all classes; zeros for an unknown class."""
    return OneHot(truth.astype("int32"), len(targets.labels))


CATEGORY = TargetKind(
    *("class", "classes", "another label"),
    *("the same label", "at least two classes are needed. Add rows of another class"),
    strata=lambda columns, smaller_split: list(columns[0]),  # a class is a stratum
    fit=lambda columns: {"labels": tuple(sorted(columns[0].unique()))},
    truth=class_numbers,
    known=lambda columns, labels: class_numbers(columns, labels) >= 0,
    encode=one_hot,
    extent=lambda cells: f"{cells.nunique()} classes",
    values=lambda columns: class_of_each(columns[0]),
    labels=class_of_each,
    labelled=True,
    every_class=True,
)

# Labels, with `|` between them.


def labels_of_each(cells: pd.Series) -> list[tuple[str, ...]]:
    """The labels of each cell; equal cells share their tuple."""
    of = {cell: split_labels(cell) for cell in cells.unique()}
    return [of[cell] for cell in cells]


def all_labels(cells: pd.Series) -> set[str]:
    """The different labels."""
    return {label for cell in cells.unique() for label in split_labels(cell)}


def labels_of_rows(columns: Columns) -> list[tuple[str, ...]]:
    """The labels of each row, of all its columns: one column of lists, or a column of flags for each label."""
    if len(columns) == 1:
        return labels_of_each(columns[0])
    rows = zip(*map(labels_of_each, columns), strict=True)
    return [tuple(sorted({label for labels in row for label in labels})) for row in rows]


def rarest_label(columns: Columns, smaller_split: int) -> list[str] | None:
    """The rarest label of each row; '' where this label is the rarest of one row, or of too few rows for a stratum.

    Rows without a label share the stratum ''.
    """
    labels = labels_of_rows(columns)
    rows = Counter(label for row in labels for label in row)
    rarest = [min(row, key=lambda label: (rows[label], label), default="") for row in labels]
    large = [label for label, size in Counter(rarest).most_common(smaller_split - 1) if size > 1]
    has_stratum = set(large)
    strata = [label if label in has_stratum else "" for label in rarest]
    if strata.count("") == 1:
        strata[strata.index("")] = large[0]  # a stratum of one row cannot be shared
    return strata if len(set(strata)) > 1 else None


def multi_hot(columns: Columns, labels: Sequence[str]) -> np.ndarray:
    """float32 [n, labels] of 0 and 1; labels without a training row are left out."""
    column_of = {label: k for k, label in enumerate(labels)}
    hot = np.zeros((len(columns[0]), len(labels)), "float32")
    for row, row_labels in zip(hot, labels_of_rows(columns), strict=True):
        row[[column_of[label] for label in row_labels if label in column_of]] = 1
    return hot


def all_labels_known(columns: Columns, labels: Sequence[str]) -> np.ndarray:
    """bool [n]: rows whose target is not missing, and whose labels all have a training row."""
    trained = set(labels)
    present = np.all([(cells != "").to_numpy(dtype=bool) for cells in columns], axis=0)
    return present & np.array([trained.issuperset(row) for row in labels_of_rows(columns)], dtype=bool)


LABELS = TargetKind(
    *("label", "labels", "other labels"),
    *("the same labels", "there is nothing to tell apart. Add rows of other labels"),
    strata=rarest_label,
    fit=lambda columns: {"labels": tuple(sorted(set().union(*map(all_labels, columns))))},
    truth=multi_hot,
    known=all_labels_known,
    encode=lambda truth, targets: truth,
    extent=lambda cells: f"{len(all_labels(cells))} labels",
    values=lambda columns: [*labels_of_rows(columns)],
    labels=labels_of_each,
    fold=fold_labels,
    counted="labels",
    labelled=True,
    several=True,
)

# A number, in one column or in several.


def strata_by_rank(columns: Columns, smaller_split: int) -> np.ndarray | None:
    """int [n]: strata of about equal size from low to high; a row of several numbers counts by its mean rank."""
    n = len(columns[0])
    bins = min(BINS, smaller_split, n // 2)
    if bins < 2:
        return None
    numbers = pd.DataFrame(dict(enumerate(map(to_floats, columns))))
    rank = numbers.rank().mean(axis=1).rank(method="first").to_numpy() - 1  # [n], 0 … n-1, all different
    return (rank * bins // n).astype(int)


def mean_and_deviation(numbers: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of float64 [n] without outliers; the deviation is 1 where numbers do not differ."""
    numbers = numbers[~outliers(numbers)]
    scale = float(np.abs(numbers).max()) or 1.0  # squares of very large numbers would overflow
    mean, deviation = scale * (numbers / scale).mean(), scale * (numbers / scale).std()
    same = numbers.min() == numbers.max() or deviation < SMALLEST_DEVIATION
    return float(mean), 1.0 if same else float(deviation)


def fit_numbers(columns: Columns) -> dict[str, Any]:
    """Mean and deviation of each column."""
    mean, deviation = zip(*(mean_and_deviation(to_floats(cells)) for cells in columns), strict=True)
    return {"mean": mean, "deviation": deviation}


def numbers_of(columns: Columns, labels: Sequence[str] = ()) -> np.ndarray:
    """float64 [n, targets]; NaN where a cell is not a number."""
    return np.stack([to_floats(cells) for cells in columns], axis=1)  # targets * [n] -> [n, targets]


def standardised(truth: np.ndarray, targets: Any) -> np.ndarray:
    """float32 [n, targets]; NaN where a cell is not a number."""
    return ((truth - np.array(targets.mean)) / np.array(targets.deviation)).astype("float32")


def range_of(cells: pd.Series) -> str:
    """`numbers from 1 to 9.50`, as the cells spell them."""
    numbers = to_floats(cells)
    if np.isnan(numbers).all():
        return "no numbers"
    low, high = (one_line(cells.iloc[i], 20) for i in (np.nanargmin(numbers), np.nanargmax(numbers)))
    return f"numbers from {low} to {high}"


NUMBER = TargetKind(
    *("number", "numbers", "another number"),
    *("the same number", "there is nothing to learn. Add rows of other numbers"),
    strata=strata_by_rank,
    fit=fit_numbers,
    truth=numbers_of,
    known=lambda columns, labels: ~np.isnan(numbers_of(columns)).any(axis=1),
    encode=standardised,
    extent=range_of,
    values=lambda columns: [tuple(row) for row in numbers_of(columns)],
    distinct=lambda cells: len(np.unique(to_floats(cells))),
    several=True,
)

# A text: the tokens of a tokenizer trained on the texts encode it, not an array of this module.


def no_numbers(columns: Columns, labels: Sequence[str] = ()) -> np.ndarray:
    """float32 [n, 0]."""
    return np.zeros((len(columns[0]), 0), "float32")


TEXT = TargetKind(
    *("text", "texts", "another text"),
    *("the same text", "there is nothing to learn. Add rows of other texts"),
    strata=lambda columns, smaller_split: None,
    fit=lambda columns: {},
    truth=no_numbers,
    known=lambda columns, labels: (columns[0] != "").to_numpy(dtype=bool),
    encode=lambda truth, targets: truth,
    extent=lambda cells: f"{cells.nunique()} texts",
    values=lambda columns: [*no_labels(columns[0])],  # nothing to compare: all captions of a picture are right
    together=True,
)

KINDS: Final = {"category": CATEGORY, "labels": LABELS, "number": NUMBER, "text": TEXT}
"""Name of a kind -> its definition."""
