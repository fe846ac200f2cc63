"""Which rows are learned from and which are held out, and that the one side says nothing about the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.config import Config
from mmkeras.data.kinds import DISTINCT
from mmkeras.data.stratify import (
    check_known,
    check_sizes,
    check_variety,
    labels_of,
    list_labels,
    strata,
)
from mmkeras.data.table import Table, write_csv
from mmkeras.data.target_kinds import TargetKind
from mmkeras.errors import InputError

__all__ = ["MIN_ROWS", "Split", "split_table", "write_split"]

MIN_ROWS: Final = 10


@dataclass(frozen=True)
class Split:
    """The rows of both sides, in an order that is fixed by the seed and by nothing else."""

    train: pd.DataFrame
    """[rows, all columns of the file], index 0…n-1, as in `Table.rows`."""
    validation: pd.DataFrame
    train_lines: np.ndarray
    """int64 [rows]: the line of `train_file` each row starts on."""
    validation_lines: np.ndarray
    train_file: str
    validation_file: str
    notes: tuple[str, ...]
    """Sentences to print: rows moved, classes not measured."""


def split_table(table: Table, config: Config, validation: Table | None = None) -> Split:
    """Hold rows out: those of `validation`, or a share of the table, in proportion (stratified) as `strata` says.

    No inputs stand on both sides, so that validation rows are new to the model: a row of a held-out share whose inputs
    also stand on the training side is moved there; a row of the table whose inputs also stand in a validation file is
    left out, and the file is left as it is.

    Every class and every label is learned: of several labels a row, rows are moved to the training side for it.

    Raises InputError for too few rows, a target that never changes, a class too small to stand on both sides, a
    `test_size` that leaves a side without rows or a class, or a validation file with a label that is not in the table
    or with all of its rows.
    """
    kind = table.target_kind
    if len(table.rows) < MIN_ROWS:
        raise InputError(f"{table.path}: {len(table.rows)} usable rows; at least {MIN_ROWS} are needed. Add rows.")
    check_variety(table)
    keys, labels = _input_keys(table), labels_of(table)
    notes = _conflicts(keys, table)
    if validation is None:
        check_sizes(table, config)
        if kind.together and keys:
            train, held_out, more = _hold_out_inputs(table, keys, config)
        else:
            train, held_out, more = _hold_out(table, labels, keys, config)
        file, measured = table, _union(labels, held_out)
    else:
        check_known(table, validation)
        train, more = _keep_apart(table, validation, labels, keys)
        held_out = np.arange(len(validation.rows))
        file, measured = validation, _union(labels_of(validation), held_out)
    return Split(
        train=table.rows.iloc[train].reset_index(drop=True),
        validation=file.rows.iloc[held_out].reset_index(drop=True),
        train_lines=table.lines[train],
        validation_lines=file.lines[held_out],
        train_file=table.path,
        validation_file=file.path,
        notes=(*notes, *more, *_unmeasured(_union(labels, range(len(labels))) - measured, kind)),
    )


def _hold_out(
    table: Table, labels: Sequence[tuple[str, ...]], keys: Sequence[tuple[str, ...]], config: Config
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows to learn from and rows to hold out (int64 [n] each), and notes on those that changed sides."""
    from sklearn.model_selection import train_test_split  # late: half a second

    total, kind = len(labels), table.target_kind
    size = math.ceil(total * config.data.test_size)  # as train_test_split rounds
    train, held_out = train_test_split(
        np.arange(total),
        test_size=config.data.test_size,
        random_state=config.data.random_state,
        stratify=strata(table, min(size, total - size)),
    )
    notes = []
    unlearned = sorted(_union(labels, range(total)) - _union(labels, train))
    if unlearned and kind.every_class:
        raise InputError(
            f"{table.path}: with --test-size {config.data.test_size} no row of {list_labels(unlearned, kind)} is left "
            "to learn from. Use a smaller --test-size."
        )
    if unlearned:
        needed = _rows_with(unlearned, labels, held_out)
        train, held_out = np.concatenate([train, held_out[needed]]), held_out[~needed]
        notes.append(
            f"{needed.sum():,} held-out rows were moved to the training side, which had no row of "
            f"{list_labels(unlearned, kind)}."
        )
    learned = {keys[i] for i in train} if keys else set()
    repeated = np.array([bool(keys) and keys[i] in learned for i in held_out], dtype=bool)
    train, held_out = np.concatenate([train, held_out[repeated]]), held_out[~repeated]
    if not len(held_out):
        raise InputError(
            f"{table.path}: every held-out row repeats a training row's inputs, so nothing new is left to validate "
            "on. Add different rows, or give a file of its own: --validation."
        )
    if repeated.any():
        notes.append(
            f"{repeated.sum():,} held-out rows repeat the inputs of a training row: they were moved to the "
            f"training side ({len(held_out):,} rows are left to validate on)."
        )
    return train, held_out, notes


def _hold_out_inputs(
    table: Table, keys: Sequence[tuple[str, ...]], config: Config
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """As `_hold_out`, but rows of the same inputs stay together, as a picture's five captions do."""
    from sklearn.model_selection import GroupShuffleSplit  # late: half a second

    place = {key: k for k, key in enumerate(dict.fromkeys(keys))}
    held_out_inputs = math.ceil(len(place) * config.data.test_size)  # as GroupShuffleSplit rounds
    if held_out_inputs >= len(place):
        raise InputError(
            f"{table.path}: {len(place)} different inputs, of which --test-size {config.data.test_size} holds out "
            f"{held_out_inputs}: none is left to learn from. Use a smaller --test-size, or add rows of other inputs."
        )
    groups = [place[key] for key in keys]
    splitter = GroupShuffleSplit(1, test_size=config.data.test_size, random_state=config.data.random_state)
    train, held_out = next(splitter.split(groups, groups=groups))
    return train, held_out, []


def _union(labels: Sequence[tuple[str, ...]], rows: Iterable[int]) -> set[str]:
    """The labels of some rows."""
    return {label for i in rows for label in labels[i]}


def _rows_with(wanted: Sequence[str], labels: Sequence[tuple[str, ...]], rows: np.ndarray) -> np.ndarray:
    """Bool mask of some of the rows, the first ones, that have all the wanted labels between them."""
    missing, chosen = set(wanted), np.zeros(len(rows), dtype=bool)
    for k, i in enumerate(rows):
        if missing.intersection(labels[i]):
            chosen[k] = True
            missing -= set(labels[i])
    return chosen


def _keep_apart(
    table: Table, validation: Table, labels: Sequence[tuple[str, ...]], keys: Sequence[tuple[str, ...]]
) -> tuple[np.ndarray, list[str]]:
    """Rows to learn from (int64 [n]): those whose inputs are not in the validation file; and a note on the others."""
    measured = set(_input_keys(validation))
    train = np.array([i for i in range(len(labels)) if not keys or keys[i] not in measured], dtype=np.int64)
    left_out = len(labels) - len(train)
    if not left_out:
        return train, []
    others = f"{left_out:,} of {len(labels):,} rows repeat the inputs of a row of {validation.path}"
    if len(train) < MIN_ROWS:
        raise InputError(
            f"{table.path}: {others}; {len(train)} are left to learn from, and at least {MIN_ROWS} are needed. "
            "Give a validation file of other rows, or leave out --validation."
        )
    unlearned = sorted(_union(labels, range(len(labels))) - _union(labels, train))
    if unlearned:
        raise InputError(
            f"{table.path}: {others}; without them no row of {list_labels(unlearned, table.target_kind)} is left to "
            "learn from. Take such rows out of the validation file, or add other rows."
        )
    return train, [f"{table.path}: {others}: they are left out ({len(train):,} rows are left to learn from)."]


def _input_keys(table: Table) -> list[tuple[str, ...]]:
    """The input cells of each row; empty when equal ones prove nothing, as with numbers, categories, dates alone."""
    if not any(column.kind in DISTINCT for column in table.inputs):
        return []
    return list(zip(*(table.rows[column.name] for column in table.inputs), strict=True))


def _conflicts(keys: Sequence[tuple[str, ...]], table: Table) -> list[str]:
    """A note on inputs that stand with more than one answer: no model can get all of them right."""
    first: dict[tuple[str, ...], object] = {}
    kind = table.target_kind
    values = kind.values(table.target_cells) if keys else []
    torn = {key for key, value in zip(keys, values, strict=True) if first.setdefault(key, value) != value}
    rows = sum(key in torn for key in keys)
    return [f"{rows:,} rows share their inputs with a row of {kind.other} ({len(torn):,} inputs)."] if torn else []


def _unmeasured(absent: set[str], kind: TargetKind) -> list[str]:
    if not absent:
        return []
    names = list_labels(sorted(absent), kind)
    return [f"No validation row is left of {names}: how well it is learned is not measured."]


def write_split(split: Split, path: str | Path) -> None:
    """Write which row stands on which side as CSV: file, line, side. All of it or nothing."""
    train = [(split.train_file, int(line), "train") for line in split.train_lines]
    held_out = [(split.validation_file, int(line), "validation") for line in split.validation_lines]
    write_csv(path, [("file", "line", "side"), *train, *held_out])
