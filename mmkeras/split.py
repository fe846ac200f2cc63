"""Which rows are learned from and which are held out, and that the one side says nothing about the other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config import Config
from mmkeras.errors import InputError
from mmkeras.table import Table, write_csv

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
    """Hold rows out: those of `validation`, or a share of the table, the classes in proportion (stratified).

    No inputs stand on both sides, so that validation rows are new to the model: a row of a held-out share whose inputs
    also stand on the training side is moved there; a row of the table whose inputs also stand in a validation file is
    left out, and the file is left as it is.

    Raises InputError for too few rows or classes, a class too small to stand on both sides, a `test_size` that
    leaves a side without a class, or a validation file with a label that is not in the table or with all of its rows.
    """
    target = target_of(table)
    labels = table.rows[target].tolist()
    counts = Counter(labels)
    if len(labels) < MIN_ROWS:
        raise InputError(f"{table.path}: {len(labels)} usable rows; at least {MIN_ROWS} are needed. Add rows.")
    if len(counts) < 2:
        raise InputError(
            f"{table.path}: every row of the target {target!r} has the same label {labels[0]!r}; at least two classes "
            "are needed. Add rows of another class, or name another column: --target."
        )
    keys = _input_keys(table)
    notes = _conflicts(keys, labels)
    if validation is None:
        _check_sizes(table.path, counts, config)
        train, held_out, more = _hold_out(table.path, labels, keys, config)
        file, measured = table, {labels[i] for i in held_out}
    else:
        _check_labels(table, validation, counts)
        train, more = _keep_apart(table, validation, labels, keys)
        held_out = np.arange(len(validation.rows))
        file, measured = validation, set(validation.rows[target_of(validation)])
    return Split(
        train=table.rows.iloc[train].reset_index(drop=True),
        validation=file.rows.iloc[held_out].reset_index(drop=True),
        train_lines=table.lines[train],
        validation_lines=file.lines[held_out],
        train_file=table.path,
        validation_file=file.path,
        notes=(*notes, *more, *_unmeasured(set(counts), measured)),
    )


def _hold_out(
    path: str, labels: Sequence[str], keys: Sequence[tuple[str, ...]], config: Config
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows to learn from and rows to hold out (int64 [n] each), and a note on those that changed sides."""
    from sklearn.model_selection import train_test_split  # late: half a second

    train, held_out = train_test_split(
        np.arange(len(labels)), test_size=config.test_size, random_state=config.random_state, stratify=labels
    )
    unlearned = sorted(set(labels) - {labels[i] for i in train})
    if unlearned:
        raise InputError(
            f"{path}: with --test-size {config.test_size} no row of {_some(unlearned)} is left to learn from. "
            "Use a smaller --test-size."
        )
    learned = {keys[i] for i in train} if keys else set()
    repeated = np.array([bool(keys) and keys[i] in learned for i in held_out])
    if not repeated.any():
        return train, held_out, []
    train, held_out = np.concatenate([train, held_out[repeated]]), held_out[~repeated]
    if not len(held_out):
        raise InputError(
            f"{path}: every held-out row repeats a training row's inputs, so nothing new is left to validate "
            "on. Add different rows, or give a file of its own: --validation."
        )
    note = (
        f"{repeated.sum():,} held-out rows repeat the inputs of a training row: they were moved to the "
        f"training side ({len(held_out):,} rows are left to validate on)."
    )
    return train, held_out, [note]


def _keep_apart(
    table: Table, validation: Table, labels: Sequence[str], keys: Sequence[tuple[str, ...]]
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
    unlearned = sorted(set(labels) - {labels[i] for i in train})
    if unlearned:
        raise InputError(
            f"{table.path}: {others}; without them no row of {_some(unlearned)} is left to learn from. "
            "Take such rows out of the validation file, or add other rows."
        )
    return train, [f"{table.path}: {others}: they are left out ({len(train):,} rows are left to learn from)."]


def target_of(table: Table) -> str:
    """Name of the target column. Raises InputError when there is none."""
    if table.target is None:
        raise InputError(f"{table.path}: it has no target column; rows to learn from or to validate on need one.")
    return table.target.name


def _input_keys(table: Table) -> list[tuple[str, ...]]:
    """The input cells of each row; empty when equal inputs prove nothing, as with numbers and categories alone."""
    if not any(column.kind in ("text", "image", "audio") for column in table.inputs):
        return []
    return list(zip(*(table.rows[column.name] for column in table.inputs), strict=True))


def _conflicts(keys: Sequence[tuple[str, ...]], labels: Sequence[str]) -> list[str]:
    """A note on inputs that stand with more than one label: no model can get all of them right."""
    first: dict[tuple[str, ...], str] = {}
    torn = {key for key, label in zip(keys, labels, strict=False) if first.setdefault(key, label) != label}
    rows = sum(key in torn for key in keys)
    return [f"{rows:,} rows share their inputs with a row of another label ({len(torn):,} inputs)."] if torn else []


def _check_sizes(path: str, counts: Counter[str], config: Config) -> None:
    """Raise InputError when the rows cannot be cut into two sides that both know every class."""
    single = sorted(label for label, count in counts.items() if count < 2)
    if single:
        raise InputError(
            f"{path}: {_some(single)} {'has' if len(single) == 1 else 'have'} 1 row; a class needs at least 2, one to "
            "learn from and one to validate on. Add rows, merge or remove the class, or give a file: --validation."
        )
    total, classes = sum(counts.values()), len(counts)
    held_out = math.ceil(total * config.test_size)  # as train_test_split rounds
    if min(held_out, total - held_out) < classes:
        side, rows = ("validation", held_out) if held_out < classes else ("training", total - held_out)
        advice = (
            f"Use --test-size {math.ceil(100 * classes / total) / 100} or more, or add rows"
            if side == "validation"
            else "Use a smaller --test-size, or add rows"
        )
        raise InputError(
            f"{path}: --test-size {config.test_size} of {total:,} rows leaves {rows} for {side}, fewer than the "
            f"{classes} classes. {advice}."
        )


def _check_labels(table: Table, validation: Table, counts: Counter[str]) -> None:
    """Raise InputError for labels of the validation file that the table does not have."""
    labels = validation.rows[target_of(validation)].tolist()
    foreign = Counter(label for label in labels if label not in counts)
    if foreign:
        lines = [int(line) for line, label in zip(validation.lines, labels, strict=True) if label in foreign]
        raise InputError(
            f"{validation.path}: line {lines[0]}: {_some(sorted(foreign))} never occurs in {table.path}, so "
            f"the model cannot know it ({len(lines):,} of {len(labels):,} rows). Known: {_some(sorted(counts))}. "
            "Correct one of the files."
        )


def _unmeasured(known: set[str], measured: set[str]) -> list[str]:
    absent = sorted(known - measured)
    return [f"No validation row is left of {_some(absent)}: how well it is learned is not measured."] if absent else []


def _some(labels: Sequence[str]) -> str:
    """Up to eight labels for a sentence."""
    more = f" and {len(labels) - 8} more" if len(labels) > 8 else ""
    return ("class " if len(labels) == 1 else "classes ") + ", ".join(map(repr, labels[:8])) + more


def write_split(split: Split, path: str | Path) -> None:
    """Write which row stands on which side as CSV: file, line, side. All of it or nothing."""
    train = [(split.train_file, int(line), "train") for line in split.train_lines]
    held_out = [(split.validation_file, int(line), "validation") for line in split.validation_lines]
    write_csv(path, [("file", "line", "side"), *train, *held_out])
