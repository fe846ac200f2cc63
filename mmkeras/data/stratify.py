"""What the targets ask of a split: what there is to learn at all, and what both sides must have their share of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.config import Config
from mmkeras.data.cells import split_labels, to_floats
from mmkeras.data.table import Table
from mmkeras.errors import InputError

BINS: Final = 10
"""Parts from low to high that numbers are cut into, so that both sides have their share of each."""
OTHER: Final = {
    "classify": "another label",
    "multilabel": "other labels",
    "regress": "another number",
    "generate": "another text",
}
"""What rows of equal inputs may differ in, by task."""


def target_of(table: Table) -> str:
    """Name of the (first) target column. Raises InputError when there is none."""
    if table.target is None:
        raise InputError(f"{table.path}: it has no target column; rows to learn from or to validate on need one.")
    return table.target.name


def labels_of(table: Table) -> list[tuple[str, ...]]:
    """The class or the labels of each row; () for numbers."""
    cells = table.rows[target_of(table)]
    if table.task == "multilabel":
        return [split_labels(cell) for cell in cells]
    return [(cell,) for cell in cells] if table.task == "classify" else [()] * len(cells)


def answers_of(table: Table) -> list[tuple[Hashable, ...]]:
    """What is to be predicted of each row, to compare: its class, its labels, or its numbers."""
    if table.task != "regress":
        return [*labels_of(table)]
    return [*zip(*(to_floats(table.rows[column.name]) for column in table.targets), strict=True)]


def check_variety(table: Table) -> None:
    """Raise InputError for a target that is the same in every row."""
    for column in table.targets:
        cells = table.rows[column.name]
        different = np.unique(to_floats(cells)) if column.kind == "number" else cells.unique()
        if len(different) > 1:
            continue
        same, needed = {
            "classify": ("the same label", "at least two classes are needed. Add rows of another class"),
            "multilabel": ("the same labels", "there is nothing to tell apart. Add rows of other labels"),
            "regress": ("the same number", "there is nothing to learn. Add rows of other numbers"),
            "generate": ("the same text", "there is nothing to learn. Add rows of other texts"),
        }[table.task]
        raise InputError(
            f"{table.path}: every row of the target {column.name!r} has {same} {cells.iloc[0]!r}; {needed}, or name "
            "another column: --target."
        )


def check_sizes(table: Table, config: Config) -> None:
    """Raise InputError when the rows cannot be cut into two sides: for classes, two that both know every class."""
    counts = Counter(label for (label,) in labels_of(table)) if table.task == "classify" else Counter[str]()
    single = sorted(label for label, count in counts.items() if count < 2)
    if single:
        raise InputError(
            f"{table.path}: {some(single)} {'has' if len(single) == 1 else 'have'} 1 row; a class needs at least 2, "
            "one to learn from and one to validate on. Add rows, merge or remove the class, or give a file: "
            "--validation."
        )
    total, least = len(table.rows), max(2, len(counts))
    held_out = math.ceil(total * config.data.test_size)  # as train_test_split rounds
    if min(held_out, total - held_out) < least:
        side, rows = ("validation", held_out) if held_out < least else ("training", total - held_out)
        advice = (
            f"Use --test-size {math.ceil(100 * least / total) / 100} or more, or add rows"
            if side == "validation"
            else "Use a smaller --test-size, or add rows"
        )
        fewer = f"the {len(counts)} classes" if counts else f"{least}"
        raise InputError(
            f"{table.path}: --test-size {config.data.test_size} of {total:,} rows leaves {rows} for {side}, fewer than "
            f"{fewer}. {advice}."
        )


def check_known(table: Table, validation: Table) -> None:
    """Raise InputError for classes or labels of the validation file that the table does not have."""
    known = {label for labels in labels_of(table) for label in labels}
    rows = labels_of(validation)
    foreign = sorted({label for labels in rows for label in labels} - known)
    if foreign:
        lines = [int(line) for line, labels in zip(validation.lines, rows, strict=True) if not known.issuperset(labels)]
        raise InputError(
            f"{validation.path}: line {lines[0]}: {some(foreign, table.task)} never occurs in {table.path}, so the "
            f"model cannot know it ({len(lines):,} of {len(rows):,} rows). Known: {some(sorted(known), table.task)}. "
            "Correct one of the files."
        )


def strata(table: Table, smaller_side: int) -> list[str] | np.ndarray | None:
    """The part of the table that each row counts to, both sides having their share of each part; None for one part.

    Classes are their own parts. A row of several labels counts to its rarest one. Numbers are cut into parts of equal
    size from low to high; rows of several by their mean rank.
    smaller_side: rows of the smaller side, which has to have one of each part.
    """
    labels = labels_of(table)
    if table.task == "generate":
        return None
    if table.task == "classify":
        return [label for (label,) in labels]
    return _by_rarest(labels, smaller_side) if table.task == "multilabel" else _by_rank(table, smaller_side)


def _by_rarest(labels: Sequence[tuple[str, ...]], smaller_side: int) -> list[str] | None:
    """The rarest label of each row; '' for all whose rarest label is that of one row, or of too few to have a part."""
    rows = Counter(label for row in labels for label in row)
    rarest = [min(row, key=lambda label: (rows[label], label)) for row in labels]
    parts = [label for label, size in Counter(rarest).most_common(smaller_side - 1) if size > 1]
    own = set(parts)
    found = [label if label in own else "" for label in rarest]
    if found.count("") == 1:
        found[found.index("")] = parts[0]  # a part of its own could not be shared
    return found if len(set(found)) > 1 else None


def _by_rank(table: Table, smaller_side: int) -> np.ndarray | None:
    """Int [n]: the part from low to high, all of about as many rows."""
    n = len(table.rows)
    bins = min(BINS, smaller_side, n // 2)
    if bins < 2:
        return None
    numbers = pd.DataFrame({column.name: to_floats(table.rows[column.name]) for column in table.targets})
    place = numbers.rank().mean(axis=1).rank(method="first").to_numpy() - 1  # 0 … n-1, no two the same
    return (place * bins // n).astype(int)


def some(labels: Sequence[str], task: str = "classify") -> str:
    """Up to eight classes or labels for a sentence."""
    more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
    one, many = ("label", "labels") if task == "multilabel" else ("class", "classes")
    return f"{one if len(labels) == 1 else many} " + ", ".join(map(repr, labels[:8])) + more
