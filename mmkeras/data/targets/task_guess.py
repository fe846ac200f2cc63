"""Guesses the task from the cells of the targets: one class a row, several labels a row, or numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.files.reading import Source
from mmkeras.data.targets.label_lists import (
    FLAGS,
    MARKED,
    are_marked,
    count_labels,
    find_notation,
    is_flags,
    likeliest_notation,
)
from mmkeras.data.targets.target_kinds import KINDS
from mmkeras.data.values.cells import is_empty, to_floats, to_numbers
from mmkeras.errors import InputError

FEW_NUMBERS: Final = 10
"""Up to this many different numbers are classes: star ratings, the ten digits."""
EVEN: Final = 10
"""Numbers that stand for classes are about equally frequent: largest ratio of the most frequent to the rarest."""
WORDS_ALLOWED: Final = 0.05
"""Largest share of cells that are not numbers in a column that is guessed to hold numbers."""

_CLASS_NAME: Final = re.compile(r"(^|[^a-z])(label|class|category|topic|genre|code|id)s?$", re.IGNORECASE)
_LEADING_ZERO: Final = r"0\d+"


@dataclass(frozen=True)
class Choice:
    """The task, the notation of its labels ('' for other targets), and notes where the guess may be wrong."""

    task: str
    labels: str = ""
    notes: tuple[str, ...] = ()


def choose_task(source: Source, targets: Sequence[str], task: str) -> Choice:
    """The task, as requested or guessed.

    source: target cells are '' where missing, and in Python's notation where they are numbers. task: as `--task` names
    it, or `auto`. Raises InputError for a task that does not suit the cells or the number of the targets.
    """
    kind = TARGET_KINDS.get(task)  # None: the task is guessed
    if len(targets) > 1:
        return _of_several(source, targets, task)
    (name,) = targets
    cells = source.rows[name]
    if kind == "number":
        _check_numbers(source, targets, task)
    if kind == "labels":
        return Choice(task, likeliest_notation(cells[~is_empty(cells)]))
    return Choice(task) if kind else _guess(name, cells[~is_empty(cells)])


def _guess(name: str, cells: pd.Series) -> Choice:
    """The task of one target. cells: not empty."""
    numbers = _numbers(cells)
    if len(numbers):
        different = len(np.unique(numbers))
        if not _are_classes(name, cells, numbers):
            note = (
                f"The target {name!r} holds {different:,} different numbers, so a number is predicted (regress). "
                "If they stand for classes, say so: --task classify."
            )
            return Choice("regress", notes=(note,))
        note = (
            f"The target {name!r} holds {different:,} different numbers that are read as classes (classify). "
            "To predict a number, say so: --task regress."
        )
        return Choice("classify", notes=(note,) if different > 2 and not _CLASS_NAME.search(name) else ())
    if notation := find_notation(cells):
        note = (
            f"The target {name!r} holds {count_labels(cells, notation):,} labels, written {notation}, so several a row "
            "are predicted (multilabel). If each cell as a whole is one class, say so: --task classify."
        )
        return Choice("multilabel", notation, (note,))
    return Choice("classify")


def _of_several(source: Source, targets: Sequence[str], task: str) -> Choice:
    """The task of several targets: columns of 0 and 1 are labels, others numbers."""
    names = ", ".join(map(repr, targets))
    flags = all(is_flags(source.rows[name]) for name in targets)
    kind = TARGET_KINDS.get(task)  # None: the task is guessed
    if kind == "labels" and not flags:
        raise InputError(
            f"{source.path}: --target {' '.join(map(repr, targets))}: with --task {task} several columns must "
            "hold 0 and 1 alone. Name such columns, or one column of lists."
        )
    if kind == "labels" or (flags and kind is None):
        marked = all(are_marked(source.rows[name]) for name in targets)
        note = f"The targets {names} hold 0 and 1: each is a label (multilabel). To predict numbers: --task regress."
        empty = f"In the targets {names} an empty cell says that the label does not hold."
        notes = (*([] if kind else [note]), *([empty] if marked else []))
        return Choice(task if kind else "multilabel", MARKED if marked else FLAGS, notes)
    _check_numbers(source, targets, task)
    note = f"The targets {names} are predicted as numbers (regress)."
    return Choice(task if kind else "regress", notes=() if kind else (note,))


def _check_numbers(source: Source, targets: Sequence[str], task: str) -> None:
    """Raise InputError when a target is not a column of numbers, or when several targets are to be anything else."""
    flag = f"--target {' '.join(map(repr, targets))}"
    kind = TARGET_KINDS.get(task)
    if kind and not KINDS[kind].several:
        raise InputError(
            f"{flag}: with --task {task} there can be one target only; several are for numbers "
            "(--task regress) and for labels (--task multilabel). Name one column."
        )
    for name in targets:
        cells = source.rows[name]
        faults = to_numbers(cells)[1]
        if 2 * faults.sum() > len(cells):
            example = " ".join(cells[faults].iloc[0][:40].split())
            expected = "--task regress expects numbers" if len(targets) == 1 else "several targets must be numbers"
            advice = "Name a column of numbers, or leave out --task" if len(targets) == 1 else "Name one target"
            raise InputError(
                f"{source.path}: {flag}: {expected}, but most cells of {name!r} are none, such as {example!r}. "
                f"{advice}."
            )


def _numbers(cells: pd.Series) -> np.ndarray:
    """The numbers of a column of numbers, float64 [n]; [0] for another column."""
    # The first cells of most text columns are not numbers: then the others need not be parsed.
    if not len(cells) or to_numbers(cells.iloc[:200])[1].mean() > 0.5:
        return np.empty(0)
    if to_numbers(cells)[1].mean() > WORDS_ALLOWED:
        return np.empty(0)
    numbers = to_floats(cells)
    return numbers[~np.isnan(numbers)]


def _are_classes(name: str, cells: pd.Series, numbers: np.ndarray) -> bool:
    """Do the numbers stand for classes?

    They do when few numbers differ; else when they are whole, repeat, and look like names: codes such as 007, a column
    called `label` or `genre_id`, or a sequence from 0 or 1 without a gap whose numbers are about equally frequent.
    Years do not begin at 0; prices and ages become rarer towards an end.
    """
    values, rows = np.unique(numbers, return_counts=True)
    if 2 * len(values) > len(numbers):
        return False
    if len(values) <= FEW_NUMBERS:
        return True
    if np.any(values != np.floor(values)):
        return False
    if _CLASS_NAME.search(name) or cells.str.strip().str.fullmatch(_LEADING_ZERO).any():
        return True
    consecutive = values[0] in (0, 1) and values[-1] - values[0] == len(values) - 1
    return bool(consecutive and rows.max() <= EVEN * rows.min())
