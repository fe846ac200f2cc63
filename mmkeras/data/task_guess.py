"""Guesses the task from the cells of the targets: one class a row, several labels a row, or numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.cells import LABEL_SIGN, is_empty, split_labels, to_floats, to_numbers
from mmkeras.data.reading import Source
from mmkeras.data.target_kinds import KINDS
from mmkeras.errors import InputError

FEW_NUMBERS: Final = 10
"""Up to this many different numbers are classes: star ratings, the ten digits."""
EVEN: Final = 10
"""Numbers that stand for classes are about equally frequent: largest ratio of the most frequent to the rarest."""
WORDS_ALLOWED: Final = 0.05
"""Largest share of cells that are not numbers in a column that is guessed to hold numbers."""

_CLASS_NAME: Final = re.compile(r"(^|[^a-z])(label|class|category|topic|genre|code|id)s?$", re.IGNORECASE)
_LEADING_ZERO: Final = r"0\d+"


def choose_task(source: Source, targets: Sequence[str], task: str) -> tuple[str, list[str]]:
    """The task, as requested or guessed; a note where the guess may be wrong.

    task: as `--task` names it, or `auto`.
    Raises InputError for a task that does not suit the cells or the number of the targets.
    """
    kind = TARGET_KINDS.get(task)  # None: the task is guessed
    if kind == "number" or len(targets) > 1:
        _check_numbers(source, targets, task)
    if kind:
        return task, []
    if len(targets) > 1:
        return "regress", [_many_targets(targets)]
    (name,) = targets
    cells = source.rows[name]
    cells = cells[~is_empty(cells)]
    numbers = _numbers(cells)
    if len(numbers):
        different = len(np.unique(numbers))
        if not _are_classes(name, cells, numbers):
            return "regress", [
                f"The target {name!r} holds {different:,} different numbers, so a number is predicted (regress). "
                "If they stand for classes, say so: --task classify."
            ]
        note = (
            f"The target {name!r} holds {different:,} different numbers that are read as classes (classify). "
            "To predict a number, say so: --task regress."
        )
        return "classify", [note] if different > 2 and not _CLASS_NAME.search(name) else []
    if labels := _count_labels(cells):
        return "multilabel", [
            f"The target {name!r} holds {labels:,} labels with {LABEL_SIGN!r} between them, so several a row are "
            "predicted (multilabel). If each cell as a whole is one class, say so: --task classify."
        ]
    return "classify", []


def _many_targets(targets: Sequence[str]) -> str:
    return f"The targets {', '.join(map(repr, targets))} are predicted as numbers (regress)."


def _check_numbers(source: Source, targets: Sequence[str], task: str) -> None:
    """Raise InputError when a target is not a column of numbers, or when several targets are to be anything else."""
    flag = f"--target {' '.join(map(repr, targets))}"
    kind = TARGET_KINDS.get(task)
    if kind and not KINDS[kind].several:
        raise InputError(
            f"{flag}: with --task {task} there can be one target only; several are for numbers "
            "(--task regress). Name one column."
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


def _count_labels(cells: pd.Series) -> int:
    """Number of different labels, if cells hold several; 0 if `|` is part of the name of a class.

    Labels combine freely: most labels that share a cell with others must also occur in a different cell. In
    `Arts|Music` and `Arts|Film`, which are paths in a tree, only the trunks do.
    """
    several = cells.str.contains(LABEL_SIGN, regex=False)
    if several.sum() < max(2, 0.01 * len(cells)):
        return 0
    label_sets = {split_labels(cell) for cell in cells.unique()}
    n_cells = Counter(label for labels in label_sets for label in labels)
    combined = {label for labels in label_sets if len(labels) > 1 for label in labels}
    recurring = sum(n_cells[label] > 1 for label in combined)
    return len(n_cells) if 2 * recurring > len(combined) else 0
