"""Do signs tell the classes of texts apart where words do not: `:)` and `:(`, C++ and C#, $ and €?

Tokens leave them out. Two naive Bayes classifiers answer, one of words and one of words and signs, each on rows that
it has not seen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from mmkeras.data.table import Table

ROWS: Final = 5000
"""Rows that are looked at, drawn at random."""
CHARACTERS: Final = 600
"""Of each text."""
FEWEST: Final = 60
"""Rows, before a difference can be told from chance."""
CLASSES: Final = 20
"""The most frequent ones."""
LABELS: Final = 5
GAIN: Final = 0.05
"""Least share of the rows that are right by signs alone."""
DEVIATIONS: Final = 4.0
"""The same, in standard deviations of a share of so many rows."""
_WORD: Final = re.compile(r"[^\W_]+")
_SIGNS: Final = re.compile(r"(?:[^\w\s]|_)+")


def sign_notes(table: Table) -> list[str]:
    """A sentence for each text column whose signs tell the classes or labels apart better than its words."""
    kind = table.target_kind
    if not kind.labelled or len(table.targets) > 1:
        return []
    rows = np.random.default_rng(0).permutation(len(table.rows))[:ROWS]  # neighbours may belong together
    labels = kind.labels(table.target_cells[0].iloc[rows])
    notes = []
    for column in table.inputs:
        if column.kind == "text":
            texts = [cell[:CHARACTERS] for cell in table.rows[column.name].iloc[rows]]
            if sign := telling_sign(texts, labels):
                apart = f"signs such as {sign!r} tell the {kind.many} apart, and tokens leave signs out"
                notes.append(f"In column {column.name!r} {apart}: --tokens byte keeps them.")
    return notes


def telling_sign(texts: Sequence[str], labels: Sequence[tuple[str, ...]]) -> str:
    """The signs that tell the labels best; '' where words tell them as well. labels: of each text."""
    counts = dict[str, int]()
    for row in labels:
        for label in row:
            counts[label] = counts.get(label, 0) + 1
    usual = sorted(counts, key=lambda label: (-counts[label], label))
    if all(len(row) == 1 for row in labels):
        number = {label: k for k, label in enumerate(usual[:CLASSES])}
        tasks = [np.array([number.get(row[0], -1) for row in labels])]
    else:
        tasks = [np.array([int(label in row) for row in labels]) for label in usual[:LABELS]]
    order = np.random.default_rng(0).permutation(len(texts))  # the halves are drawn at random
    texts, tasks = [texts[i] for i in order], [task[order] for task in tasks]
    with_signs = np.array([bool(_SIGNS.search(text)) for text in texts], dtype=bool)
    if with_signs.sum() < FEWEST // 2:
        return ""
    signs, words = [_signs_of(text) for text in texts], [set(_WORD.findall(text.casefold())) for text in texts]
    for classes in tasks:
        if sign := _telling(words, signs, classes):
            return sign
    return ""


def _signs_of(text: str) -> set[str]:
    """The runs of signs in a text that tokens leave out, and each of their characters."""
    runs = {"".join(filter(_is_left_out, run)) for run in _SIGNS.findall(text)} - {""}
    return {run[:8] for run in runs} | {sign for run in runs for sign in run}


def _is_left_out(sign: str) -> bool:
    """Emoji and other pictures are tokens; apostrophes join words."""
    is_token = sign > "\uffff" or (sign > "\u2000" and unicodedata.category(sign) in ("So", "Sk"))
    return not is_token and sign not in "'’\u00ad"


def _telling(words: list[set[str]], signs: list[set[str]], classes: np.ndarray) -> str:
    """The most telling sign of one task; '' where words do as well. classes: int [n], -1 for rows left out."""
    rows = np.flatnonzero(classes >= 0)
    classes = classes[rows]
    if len(rows) < FEWEST or len(np.unique(classes)) < 2:
        return ""
    by_sign = _Features([signs[i] for i in rows], classes)
    right_by_signs = _right(by_sign.scores(), classes)
    guess = float(np.bincount(classes).max() / len(classes))
    if right_by_signs < guess + GAIN / 2:
        return ""  # most tables end here
    word_scores = _Features([words[i] for i in rows], classes).scores()
    by_words = max(_right(word_scores, classes), guess)
    best = max(_right(word_scores + by_sign.scores(), classes), right_by_signs)
    least = max(GAIN, DEVIATIONS * float(np.sqrt(by_words * (1 - by_words) / len(classes))))
    return by_sign.strongest() if best - by_words >= least else ""


def _right(scores: np.ndarray, classes: np.ndarray) -> float:
    return float((scores.argmax(axis=1) == classes).mean())


class _Features:
    """Which features each row has, for a naive Bayes classifier of two halves, each judged by the other one."""

    def __init__(self, rows: Iterable[set[str]], classes: np.ndarray) -> None:
        number: dict[str, int] = {}
        pairs = [(row, number.setdefault(name, len(number))) for row, names in enumerate(rows) for name in names]
        self.names, self.classes = list(number), classes
        self.row, self.feature = np.array(pairs, dtype=np.int64).reshape(-1, 2).T

    def scores(self) -> np.ndarray:
        """float64 [n, classes]: log probability of each class, learned from the rows of the other half."""
        n_classes = int(self.classes.max()) + 1
        scores = np.zeros((len(self.classes), n_classes))
        for half in (0, 1):
            learned = self.row % 2 != half
            counts = self._counts(learned, n_classes) + 1.0  # [features, classes]
            total = np.bincount(self.classes[np.arange(len(self.classes)) % 2 != half], minlength=n_classes) + 2.0
            weights = np.log(counts / total) - np.log((counts.sum(1, keepdims=True)) / total.sum())
            judged = ~learned
            part = np.zeros_like(scores)
            np.add.at(part, self.row[judged], weights[self.feature[judged]])
            scores += part
            scores[half::2] += np.log(total / total.sum())
        return scores

    def _counts(self, rows: np.ndarray, n_classes: int) -> np.ndarray:
        """float64 [features, classes]: rows that have the feature."""
        cell = self.feature[rows] * n_classes + self.classes[self.row[rows]]
        return np.bincount(cell, minlength=len(self.names) * n_classes).reshape(-1, n_classes).astype(float)

    def strongest(self) -> str:
        """The feature whose rows differ most from all rows in their classes (chi-squared); the longer of two equals."""
        n_classes = int(self.classes.max()) + 1
        counts = self._counts(np.ones(len(self.row), dtype=bool), n_classes)
        expected = counts.sum(1, keepdims=True) * np.bincount(self.classes, minlength=n_classes) / len(self.classes)
        chi = ((counts - expected) ** 2 / np.maximum(expected, 1e-9)).sum(axis=1)
        return max(zip(chi.round(6), map(len, self.names), self.names, strict=True))[2]
