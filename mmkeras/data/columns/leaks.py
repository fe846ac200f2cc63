"""Columns that know the target: another spelling of it, another label of the rows, or one that decides it.

A model that has such a column is right on held-out rows and wrong on new ones, where the column is absent or empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.columns.name_words import words_of
from mmkeras.data.values.cells import one_line, to_floats
from mmkeras.data.values.distinct import Distinct

FEWEST: Final = 20
PURE: Final = 0.995
"""Share of the rows whose target the value of one column tells, where it decides the target."""
REPEATED: Final = 0.8
"""Share of the rows whose value also stands in another row: else any column of names would decide the target."""
ALIKE: Final = 0.9999
"""Correlation of a number, or of its rank, with the target that it is a copy of."""
ROWS_OF_A_CLASS: Final = 5
"""Of so many rows of each class one value is no chance."""
SAMPLE: Final = 20_000
"""Rows that ranks are compared of."""
_LABEL_WORDS: Final = frozenset(
    (
        *("label", "labels", "target", "class", "classes", "category", "topic", "y", "outcome", "truth", "gold"),
        *("answer", "annotation", "prediction", "predicted", "pred", "result", "klasse", "ground", "coarse", "fine"),
        *("annotator", "rater", "sentiment", "intent", "polarity", "etiqueta", "étiquette", "classe", "etichetta"),
        *("kategorie", "kategoria", "catégorie", "categoria", "categoría", "ziel", "метка", "класс", "标签", "类别"),
        "ラベル",
    )
)
_MADE: Final = frozenset(
    (
        *("confidence", "score", "scores", "prob", "probs", "probability", "proba", "gold", "votes", "agreement"),
        *("certainty", "logit", "logits", "band", "bin", "bucket", "log", "scaled", "normalized", "normalised"),
        *("standardized", "rank", "percentile", "predicted", "pred", "prediction", "estimate", "true", "id", "idx"),
        *("name", "text", "str", "encoded", "code", "numeric", "konfidenz", "confiance", "confianza"),
    )
)
"""Words that the name of the target gets for what is made of it: label_confidence, price_band."""


@dataclass(frozen=True)
class Leak:
    """A column that knows the target. reason: the end of a sentence. left_out: it is ignored unless named."""

    reason: str
    left_out: bool


def find_leak(name: str, cells: Distinct, kind: str, target: str, targets: Distinct, target_kind: str) -> Leak | None:
    """What an input column gives away; None for an ordinary one.

    cells, targets: '' where missing; numbers in Python's notation. kind, target_kind: of both columns.
    """
    if target_kind not in ("number", "category") or kind not in ("text", "category", "number", "date"):
        return None
    filled = (np.array([text != "" for text in column.texts], dtype=bool)[column.codes] for column in (cells, targets))
    both = np.logical_and(*filled)
    if both.sum() < FEWEST:
        return None
    if not both.all():
        cells, targets = Distinct(cells.texts, cells.codes[both]), Distinct(targets.texts, targets.codes[both])
    decided = _of_number if target_kind == "number" else _of_class
    if leak := decided(name, cells, kind, target, targets):
        return leak
    if kind != "text" and words_of(target) and _made_of(name, target):
        return Leak(f"its name says that it was made from the target {target!r} or with it", False)
    return None


def _of_number(name: str, cells: Distinct, kind: str, target: str, targets: Distinct) -> Leak | None:
    """A number that is the target in other units, or rises and falls with it alone."""
    if kind != "number":
        return None
    x, y = to_floats(cells.texts)[cells.codes], to_floats(targets.texts)[targets.codes]
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    if len(x) < FEWEST or not (np.ptp(x) > 0 and np.ptp(y) > 0):
        return None
    with np.errstate(all="ignore"):  # numbers of 300 digits
        correlation = float(np.corrcoef(x, y)[0, 1])
    if abs(correlation) >= ALIKE:
        return Leak(f"it alone tells the target {target!r} (correlation {correlation:.5f})", related(name, target))
    step = -(-len(x) // SAMPLE)
    x, y = (pd.Series(numbers[::step]).rank().to_numpy() for numbers in (x, y))
    if len(np.unique(x)) < FEWEST or abs(np.corrcoef(x[:1000], y[:1000])[0, 1]) < ALIKE - 0.01:
        return None
    rank = float(np.corrcoef(x, y)[0, 1])
    if abs(rank) < ALIKE:
        return None
    return Leak(f"it alone tells the target {target!r} (its rank correlates by {rank:.5f})", related(name, target))


def _of_class(name: str, cells: Distinct, kind: str, target: str, targets: Distinct) -> Leak | None:
    """A column whose values each have one class, or of which each class is one interval, or one value."""
    classes = np.bincount(targets.codes, minlength=len(targets.texts))
    n_classes = int((classes > 0).sum())
    if n_classes < 2 or classes.max() > PURE * len(targets.codes):
        return None
    rows = np.bincount(cells.codes, minlength=len(cells.texts))
    n_values, is_related = int((rows > 0).sum()), related(name, target)
    if kind == "text" and n_values > 2 * n_classes and not is_related:
        return None  # sentences that repeat: of each the class is known
    pairs = np.unique(cells.codes * len(targets.texts) + targets.codes, return_counts=True)
    shown = f"{one_line(cells.texts[cells.codes[0]], 24)!r} is always {one_line(targets.texts[targets.codes[0]], 24)!r}"
    repeated = rows[rows > 1].sum() / len(cells.codes)
    if repeated >= REPEATED and _is_pure(pairs, len(targets.texts)):
        return Leak(f"its value alone tells the target {target!r} ({shown})", is_related)
    repeats = kind != "text" and ROWS_OF_A_CLASS * n_classes <= len(cells.codes)
    if repeats and 2 <= n_values < n_classes and _is_coarser(pairs, len(targets.texts)):
        words = {word for text in targets.texts for word in words_of(text) if not word.isdigit()}
        part = is_related or not words.isdisjoint(words_of(name))
        return Leak(f"each class of the target {target!r} has one value of it: it is a coarser label", part)
    if kind == "number" and _intervals(to_floats(cells.texts)[cells.codes], targets.codes, n_classes) == n_classes:
        return Leak(f"a threshold of it alone tells the target {target!r}", False)
    return None


def _is_pure(pairs: tuple[np.ndarray, np.ndarray], n_classes: int) -> bool:
    """Do nearly all rows have the usual class of their value? pairs: values * n_classes + classes, and their rows."""
    values, counts = pairs[0] // n_classes, pairs[1]
    usual = np.zeros(int(values.max()) + 1, dtype=np.int64)
    np.maximum.at(usual, values, counts)
    return bool(usual.sum() >= PURE * counts.sum())


def _is_coarser(pairs: tuple[np.ndarray, np.ndarray], n_classes: int) -> bool:
    """Do nearly all rows of each class have one value, and not all classes the same?"""
    order = np.argsort(pairs[1], kind="stable")
    values, classes = divmod(pairs[0][order], n_classes)
    usual, most = np.zeros(n_classes, dtype=np.int64), np.zeros(n_classes, dtype=np.int64)
    usual[classes], most[classes] = values, pairs[1][order]  # the last one, with the most rows, stays
    total = np.bincount(classes, pairs[1][order], minlength=n_classes)
    present = total > 0
    return bool(np.all(most[present] >= PURE * total[present]) and len(np.unique(usual[present])) > 1)


def _intervals(numbers: np.ndarray, classes: np.ndarray, most: int) -> int:
    """Number of runs of equal classes along the numbers; 0 for more than `most` or where a number has two classes."""
    if np.isnan(numbers).any():
        return 0
    for rows in (slice(0, 2000), slice(None)):  # most columns are told by a few rows
        order = np.lexsort((classes[rows], numbers[rows]))
        x, y = numbers[rows][order], classes[rows][order]
        changes = y[1:] != y[:-1]
        if changes.sum() >= most or np.any(changes & (x[1:] == x[:-1])):
            return 0
    return int(changes.sum()) + 1


def related(name: str, target: str) -> bool:
    """Do two names speak of the same label: label_text and label, class_id and class_name, target and outcome?"""
    words, others = frozenset(words_of(name)), frozenset(words_of(target))
    if _LABEL_WORDS & words and (_LABEL_WORDS & others or words & others):
        return True
    return bool(others) and others < words  # season and season_name


def _made_of(name: str, target: str) -> bool:
    words, others = frozenset(words_of(name)), frozenset(words_of(target))
    return others < words and bool(_MADE & (words - others))
