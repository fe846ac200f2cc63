"""Which rows are trained on and which are held out, without the inputs of one split in the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from mmkeras.config.data import Data
from mmkeras.data.columns.column import Column
from mmkeras.data.columns.kinds import DISTINCT
from mmkeras.data.splits.draw import MIN_ROWS, draw_inputs, draw_rows, union
from mmkeras.data.splits.held_out import separate
from mmkeras.data.splits.stratify import (
    check_known,
    check_sizes,
    check_variety,
    labels_of,
    list_labels,
    rare_classes,
)
from mmkeras.data.table import Table, write_csv
from mmkeras.data.targets.target_kinds import TargetKind
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.errors import InputError

__all__ = ["MIN_ROWS", "Split", "split_table", "write_split"]


@dataclass(frozen=True)
class Split:
    """The training rows and the held-out rows, in an order that depends on the seed alone."""

    train: pd.DataFrame
    """[rows, all columns of the file], index 0…n-1, as in `Table.rows`."""
    validation: pd.DataFrame
    train_lines: np.ndarray
    """int64 [rows]: the line of `train_file` each row starts on."""
    validation_lines: np.ndarray
    train_file: str
    validation_file: str
    notes: tuple[str, ...]
    """Sentences to print: moved rows, classes without held-out rows."""


def split_table(table: Table, data: Data, validation: Table | None = None) -> Split:
    """Hold rows out: the rows of `validation`, or a share of the table, stratified by `stratify_by`.

    No inputs occur in both splits, so that the held-out rows are new to the model. A row of a held-out share whose
    inputs also occur in a training row moves to the training split. A row of the table whose inputs also occur in a
    validation file is left out, and the file is left unchanged.

    Every class and every label has a training row: with several labels a row, rows move to the training split for it.

    Raises InputError for too few rows, a target that never changes, a class too small for both splits, a `test_size`
    that leaves a split without rows or without a class, or a validation file that has a label which the table lacks,
    or that repeats all rows of the table.
    """
    kind, dropped = table.target_kind, list[str]()
    if parts := separate(table, data):
        table, validation, dropped = parts
    elif validation is None:
        table, dropped = _without_rare(table, data)
    if data.rare_classes == "drop" and not (kind.every_class and validation is None):
        reason = "the held-out rows are named" if kind.every_class else f"the target has no classes but {kind.many}"
        dropped = [*dropped, f"note: --rare-classes drop changes nothing: {reason}."]
    if len(table.rows) < MIN_ROWS:
        raise InputError(f"{table.path}: {len(table.rows)} usable rows; at least {MIN_ROWS} are needed. Add rows.")
    check_variety(table)
    keys, labels = input_keys(table), labels_of(table)
    notes = [*dropped, *_conflicts(keys, table)]
    if validation is None:
        check_sizes(table, data)
        if kind.together and keys is not None:
            train, held_out, new_notes = draw_inputs(table, keys, data)
        else:
            train, held_out, new_notes = draw_rows(table, labels, keys, data)
        file, held_out_labels = table, union(labels, held_out)
    else:
        check_known(table, validation)
        train, new_notes = _keep_apart(table, validation, labels, keys)
        held_out = np.arange(len(validation.rows))
        file, held_out_labels = validation, union(labels_of(validation), held_out)
    unmeasured = _unmeasured(union(labels, range(len(labels))) - held_out_labels, kind, validation is not None)
    return Split(
        train=table.rows.iloc[train].reset_index(drop=True),
        validation=file.rows.iloc[held_out].reset_index(drop=True),
        train_lines=table.lines[train],
        validation_lines=file.lines[held_out],
        train_file=table.path,
        validation_file=file.path,
        notes=(*notes, *new_notes, *unmeasured),
    )


def _without_rare(table: Table, data: Data) -> tuple[Table, list[str]]:
    """The table without the rows of classes that are too rare for both splits, and a note, with --rare-classes drop."""
    rare = set(rare_classes(table, data)) if data.rare_classes == "drop" else set()
    if not rare:
        return table, []
    kept = np.array([rare.isdisjoint(row) for row in labels_of(table)], dtype=bool)
    names = list_labels(sorted(rare), table.target_kind)
    note = f"{(~kept).sum():,} rows of {names} are dropped: too few for both splits."
    rows = table.rows[kept].reset_index(drop=True)
    return dataclasses.replace(table, rows=rows, lines=table.lines[kept]), [note]


def _keep_apart(
    table: Table, validation: Table, labels: Sequence[tuple[str, ...]], keys: np.ndarray | None
) -> tuple[np.ndarray, list[str]]:
    """Training rows (int64 [n]), whose inputs are not in the validation file, and a note on the rows left out."""
    held_out_keys = input_keys(validation)
    apart = np.ones(len(labels), dtype=bool)
    if keys is not None and held_out_keys is not None:
        apart = ~np.isin(keys, held_out_keys)
    train = np.flatnonzero(apart)
    left_out = len(labels) - len(train)
    if not left_out:
        return train, []
    repeats = f"{left_out:,} of {len(labels):,} rows repeat the inputs of a row of {validation.path}"
    if len(train) < MIN_ROWS:
        raise InputError(
            f"{table.path}: {repeats}; {len(train)} are left to learn from, and at least {MIN_ROWS} are needed. "
            "Give a validation file of other rows, or leave out --validation."
        )
    without_row = sorted(union(labels, range(len(labels))) - union(labels, train) - {*table.known_labels})
    if without_row:
        raise InputError(
            f"{table.path}: {repeats}; without them no row of {list_labels(without_row, table.target_kind)} is left to "
            "learn from. Take such rows out of the validation file, or add other rows."
        )
    return train, [f"{table.path}: {repeats}: they are left out ({len(train):,} rows are left to learn from)."]


def input_keys(table: Table) -> np.ndarray | None:
    """int64 [n]: equal for rows of equal inputs, hashes of their cells; comparable between tables of one process.

    8 bytes a row, where the table may have millions. Two of ten million different rows share a hash with a probability
    of 3e-6. None where equal cells prove nothing: few numbers, categories and dates alone.
    """
    if not proves_equal(table):
        return None
    columns = [map(hash, table.rows[column.name]) for column in table.inputs]
    hashes = columns[0] if len(columns) == 1 else map(hash, zip(*columns, strict=True))
    return np.fromiter(hashes, np.int64, len(table.rows))


def proves_equal(table: Table) -> bool:
    """Are two rows of equal inputs the same row? Not where few numbers, categories and dates are all that they have."""
    kinds = {column.kind for column in table.inputs}
    return bool(kinds.intersection(DISTINCT)) or any(_is_measure(table, column) for column in table.inputs)


def _is_measure(table: Table, column: Column) -> bool:
    """Has a column so many different numbers that two rows with equal ones are the same row?"""
    return column.kind == "number" and table.rows[column.name].nunique() > max(50, 0.2 * len(table.rows))


def _conflicts(keys: np.ndarray | None, table: Table) -> list[str]:
    """A note on equal inputs with different targets: no model can predict all of them."""
    kind, first = table.target_kind, dict[int, object]()
    if keys is None:
        return []
    _, inputs, counts = np.unique(keys, return_inverse=True, return_counts=True)  # inputs: [n]
    repeated = np.flatnonzero(counts[inputs] > 1)
    values = kind.values([cells.iloc[repeated] for cells in table.target_cells]) if len(repeated) else ()
    pairs = zip(inputs[repeated].tolist(), values, strict=True)
    conflicting = {key for key, value in pairs if first.setdefault(key, value) != value}
    if not conflicting:
        return []
    rows = counts[list(conflicting)].sum()
    return [f"{rows:,} rows share their inputs with a row of {kind.other} ({len(conflicting):,} inputs)."]


def _unmeasured(absent: set[str], kind: TargetKind, separate: bool) -> list[str]:
    if not absent:
        return []
    names = list_labels(sorted(absent), kind)
    advice = " To leave such classes out: --rare-classes drop." if kind.every_class and not separate else ""
    return [f"No validation row is left of {names}: how well it is learned is not measured.{advice}"]


def write_split(split: Split, path: str | Path) -> None:
    """Write the split of each row as CSV: file, line, side (`train` or `validation`). Atomic."""
    train = ((split.train_file, int(line), "train") for line in split.train_lines)
    held_out = ((split.validation_file, int(line), "validation") for line in split.validation_lines)
    write_csv(path, FormulaCells().marked(chain([("file", "line", "side")], train, held_out)))
