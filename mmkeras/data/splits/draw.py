"""Draws the held-out rows by the seed: stratified, equal inputs on one side."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Data
from mmkeras.data.splits.stratify import check_sizes, list_labels, rare_classes, stratify_by
from mmkeras.data.table import Table
from mmkeras.errors import InputError

MIN_ROWS: Final = 10
MANY_REPEATS: Final = 0.2
"""Share of the held-out rows that may move to the training rows they repeat; else inputs are drawn, not rows."""


def draw_rows(
    table: Table, labels: Sequence[tuple[str, ...]], keys: np.ndarray | None, data: Data
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Training rows and held-out rows (int64 [n] each), and notes on the rows that moved."""
    from sklearn.model_selection import train_test_split  # late: half a second

    rare, kind = set(rare_classes(table, data)), table.target_kind
    is_rare = np.array([not rare.isdisjoint(row) for row in labels], dtype=bool)
    total = int((~is_rare).sum())
    size = math.ceil(total * data.test_size)  # as train_test_split rounds
    strata = stratify_by(table, min(size, total - size))
    train, held_out = train_test_split(
        np.flatnonzero(~is_rare),
        test_size=data.test_size,
        random_state=data.random_state,
        stratify=None if strata is None else numbered(strata)[~is_rare],
    )
    total, train = len(labels), np.concatenate([train, np.flatnonzero(is_rare)])
    notes = []
    without_row = sorted(union(labels, range(total)) - union(labels, train))
    if without_row and kind.every_class:
        raise InputError(
            f"{table.path}: with --test-size {data.test_size} no row of {list_labels(without_row, kind)} is left "
            "to learn from. Use a smaller --test-size."
        )
    if without_row:
        moved = _rows_with(without_row, labels, held_out)
        train, held_out = np.concatenate([train, held_out[moved]]), held_out[~moved]
        notes.append(
            f"{moved.sum():,} held-out rows were moved to the training split, which had no row of "
            f"{list_labels(without_row, kind)}."
        )
    repeated = np.zeros(len(held_out), dtype=bool) if keys is None else np.isin(keys[held_out], keys[train])
    if keys is not None and MANY_REPEATS * len(held_out) < repeated.sum():
        return _draw_distinct(table, labels, keys, data)
    train, held_out = np.concatenate([train, held_out[repeated]]), held_out[~repeated]
    if not len(held_out):
        raise InputError(
            f"{table.path}: every held-out row repeats a training row's inputs, so nothing new is left to validate "
            "on. Add different rows, or give a file of its own: --validation."
        )
    if repeated.any():
        notes.append(
            f"{repeated.sum():,} held-out rows repeat the inputs of a training row: they were moved to the "
            f"training split ({len(held_out):,} rows are left to validate on)."
        )
    return train, held_out, notes


def draw_inputs(table: Table, keys: np.ndarray, data: Data) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """As `draw_rows`, but rows of equal inputs stay together, such as the five captions of a picture."""
    from sklearn.model_selection import GroupShuffleSplit  # late: half a second

    groups, distinct = pd.factorize(keys)
    held_out_inputs = math.ceil(len(distinct) * data.test_size)  # as GroupShuffleSplit rounds
    if held_out_inputs >= len(distinct):
        raise InputError(
            f"{table.path}: {len(distinct)} different inputs, of which --test-size {data.test_size} holds out "
            f"{held_out_inputs}: none is left to learn from. Use a smaller --test-size, or add rows of other inputs."
        )
    splitter = GroupShuffleSplit(1, test_size=data.test_size, random_state=data.random_state)
    train, held_out = next(splitter.split(groups, groups=groups))
    return train, held_out, []


def _draw_distinct(
    table: Table, labels: Sequence[tuple[str, ...]], keys: np.ndarray, data: Data
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """As `draw_rows` where many rows repeat, as in a table that was oversampled: all rows of one input on one side."""
    distinct = np.sort(np.unique(keys, return_index=True)[1])  # the first row of each input
    once = dataclasses.replace(
        table, rows=table.rows.iloc[distinct].reset_index(drop=True), lines=table.lines[distinct]
    )
    if len(distinct) < MIN_ROWS:
        raise InputError(
            f"{table.path}: {len(keys):,} rows have only {len(distinct)} different inputs; at least {MIN_ROWS} are "
            "needed, as equal rows stay on one side of the split. Add different rows, or give --validation."
        )
    check_sizes(once, data)
    _, held_out_once, notes = draw_rows(once, [labels[i] for i in distinct], None, data)
    is_held_out = np.isin(keys, keys[distinct[held_out_once]])
    repeats = len(keys) - len(distinct)
    note = (
        f"{repeats:,} of {len(keys):,} rows repeat the inputs of another row: equal rows stay on one side, so that "
        f"{len(held_out_once):,} of {len(distinct):,} different inputs are held out."
    )
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out), [note, *notes]


def numbered(strata: Sequence[str] | np.ndarray) -> np.ndarray:
    """int64 [n]: the number of each row's stratum in their order, by which a row takes 8 bytes and not its name's."""
    return pd.factorize(np.asarray(strata, dtype=object), sort=True)[0]


def union(labels: Sequence[tuple[str, ...]], rows: Iterable[int]) -> set[str]:
    """The labels of these rows."""
    return {label for i in rows for label in labels[i]}


def _rows_with(needed: Sequence[str], labels: Sequence[tuple[str, ...]], rows: np.ndarray) -> np.ndarray:
    """Bool [n]: the first of the rows that together have all needed labels."""
    missing, chosen = set(needed), np.zeros(len(rows), dtype=bool)
    for k, i in enumerate(rows):
        if missing.intersection(labels[i]):
            chosen[k] = True
            missing -= set(labels[i])
    return chosen
