"""What the targets require of a split: different values, rows of every class, and equal shares of each stratum."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from mmkeras.config.data import Data
from mmkeras.data.table import Table
from mmkeras.data.targets.target_kinds import TargetKind
from mmkeras.errors import InputError

RARE: Final = 5
"""A class of so many rows is not rare: where it has no held-out row, too few rows are held out."""


def labels_of(table: Table) -> list[tuple[str, ...]]:
    """The class or the labels of each row; () for numbers and texts."""
    if len(table.targets) > 1:
        rows = zip(*map(table.target_kind.labels, table.target_cells), strict=True)
        return [tuple(sorted({label for labels in row for label in labels})) for row in rows]
    return table.target_kind.labels(table.target_cells[0])


def check_variety(table: Table) -> None:
    """Raise InputError for a target that is the same in every row."""
    kind = table.target_kind
    for column in table.targets:
        cells = table.rows[column.name]
        if kind.distinct(cells) <= 1:
            raise InputError(
                f"{table.path}: every row of the target {column.name!r} has {kind.same} {cells.iloc[0]!r}; "
                f"{kind.needed}, or name another column: --target."
            )


def rare_classes(table: Table, data: Data) -> list[str]:
    """Classes of one row, and the smallest ones where the held-out rows are fewer than the classes.

    Such classes are learned without a held-out row, or dropped: `--rare-classes`.
    """
    if not table.target_kind.every_class:
        return []
    counts = Counter(label for (label,) in labels_of(table))
    smallest = sorted(counts, key=lambda label: (counts[label], label))
    rare = [label for label in smallest if counts[label] < 2]
    for label in smallest[len(rare) :]:
        total = counts.total() - sum(counts[name] for name in rare)
        if counts[label] >= RARE or math.ceil(total * data.test_size) >= len(counts) - len(rare):
            break
        rare.append(label)
    return rare


def check_sizes(table: Table, data: Data) -> None:
    """Raise InputError when the rows are too few for two splits; of classes that are not rare, both need every one."""
    kind, rare = table.target_kind, rare_classes(table, data)
    counts = Counter(label for (label,) in labels_of(table)) if kind.every_class else Counter[str]()
    if kind.every_class and len(counts) - len(rare) < 2:
        raise InputError(
            f"{table.path}: only {len(counts) - len(rare)} of {len(counts):,} classes have rows for both splits (rare: "
            f"{list_labels(rare, kind)}). Add rows, merge the classes, or give a file: --validation."
        )
    total = len(table.rows) - sum(counts[label] for label in rare)
    least = max(2, len(counts) - len(rare))
    held_out = math.ceil(total * data.test_size)  # as train_test_split rounds
    if min(held_out, total - held_out) < least:
        split_name, rows = ("validation", held_out) if held_out < least else ("training", total - held_out)
        advice = (
            f"Use --test-size {math.ceil(100 * least / total) / 100} or more, or add rows"
            if split_name == "validation"
            else "Use a smaller --test-size, or add rows"
        )
        fewer = f"the {len(counts)} classes" if counts else f"{least}"
        raise InputError(
            f"{table.path}: --test-size {data.test_size} of {total:,} rows leaves {rows} for {split_name}, fewer than "
            f"{fewer}. {advice}."
        )


def check_known(table: Table, validation: Table) -> None:
    """Raise InputError for classes or labels of the validation file that the table does not have."""
    kind = table.target_kind
    table_labels = {label for labels in labels_of(table) for label in labels}.union(table.known_labels)
    rows = labels_of(validation)
    foreign = sorted({label for labels in rows for label in labels} - table_labels)
    if foreign:
        lines = [
            int(line)
            for line, labels in zip(validation.lines, rows, strict=True)
            if not table_labels.issuperset(labels)
        ]
        raise InputError(
            f"{validation.path}: line {lines[0]}: {list_labels(foreign, kind)} never occurs in {table.path}, so "
            f"the model cannot know it ({len(lines):,} of {len(rows):,} rows). Known: "
            f"{list_labels(sorted(table_labels), kind)}. Correct one of the files."
        )


def stratify_by(table: Table, smaller_split: int) -> list[str] | np.ndarray | None:
    """The stratum of each row, of which both splits get their share; None for a single stratum.

    A class is a stratum. A row of several labels belongs to the stratum of its rarest label. Numbers are cut into
    strata of equal size from low to high; rows of several numbers by their mean rank. Texts are one stratum.
    smaller_split: rows of the smaller split, which needs one row of each stratum.
    """
    return table.target_kind.strata(table.target_cells, smaller_split)


def list_labels(labels: Sequence[str], kind: TargetKind) -> str:
    """Up to eight classes or labels, to be put into a sentence."""
    more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
    return f"{kind.one if len(labels) == 1 else kind.many} " + ", ".join(map(repr, labels[:8])) + more
