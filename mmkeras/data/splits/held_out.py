"""Held-out rows that a column decides: the split it names, whole groups, or the latest rows."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd

from mmkeras.config.data import Data
from mmkeras.data.columns.column import no_column
from mmkeras.data.columns.kind_guess import guess_reading
from mmkeras.data.dates.calendar import read_date
from mmkeras.data.splits.split_names import split_of
from mmkeras.data.table import Table
from mmkeras.data.values.distinct import Distinct
from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.number_guess import read_numbers
from mmkeras.data.values.numbers import parse_notation
from mmkeras.errors import InputError

TRIES = 50
"""Draws of groups, until the training rows have every class."""


def separate(table: Table, data: Data) -> tuple[Table, Table, list[str]] | None:
    """Training rows, held-out rows and notes, by --split-column, --group-column or --time-column; None without them.

    Raises InputError for an absent column, several of the flags, or a column that leaves no rows on one side.
    """
    flags = {"split": data.split_column, "group": data.group_column, "time": data.time_column}
    named = {flag: name for flag, name in flags.items() if name}
    if not named:
        return None
    if len(named) > 1 or data.validation:
        others = [f"--{flag}-column" for flag in named] + ["--validation"] * bool(data.validation)
        raise InputError(f"{' and '.join(others)} each decide which rows are held out: give one of them.")
    ((flag, name),) = named.items()
    if name not in table.rows.columns:
        raise no_column(name, list(table.rows.columns), f"{table.path}: --{flag}-column: the column")
    cells = _without_marks(table.rows[name].astype(object).str.strip(), data)
    chosen = {"split": _by_split, "group": _by_group, "time": _by_time}[flag](table, data, name, cells)
    train, held_out, notes = chosen
    if not train.any() or not held_out.any():
        side = "learn from" if not train.any() else "hold out"
        raise InputError(f"{table.path}: --{flag}-column {name}: no row is left to {side}. Choose another column.")
    held_out, unknown = _with_known_classes(table, train, held_out)
    return part(table, train), part(table, held_out), [*notes, *unknown]


def _without_marks(cells: pd.Series, data: Data) -> pd.Series:
    """The cells, '' where one is a mark of a missing value: rows of `NA` are no group, and no fold."""
    values = [str(cell) for cell in cells.unique()]
    missing = are_missing(values, marks_of(data.missing, data.not_missing, "category"), "category")
    return cells.mask(cells.isin([cell for cell, is_absent in zip(values, missing, strict=True) if is_absent]), "")


def part(table: Table, rows: np.ndarray) -> Table:
    """The table with these rows alone. rows: bool [n]."""
    return dataclasses.replace(table, rows=table.rows[rows].reset_index(drop=True), lines=table.lines[rows])


def _by_split(table: Table, data: Data, name: str, cells: pd.Series) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows by the split that a column names; of folds 0, 1, … the first one is held out."""
    splits = cells.map({cell: split_of(cell) for cell in cells.unique()})
    present = set(splits) - {""}
    if present:
        side = "validation" if "validation" in present else "test"
        train, held_out = (splits == "train").to_numpy(), (splits == side).to_numpy()
        left = int((~(train | held_out)).sum())
        rest = "test" if side == "validation" and "test" in present else "without a split"
        words = "" if not left else f"; {left:,} rows {'of ' if rest == 'test' else ''}{rest} are not used"
        return train, held_out, [f"Column {name!r} decides: the rows of {side} are held out{words}."]
    folds = sorted(set(cells) - {""}, key=lambda fold: (len(fold), fold))
    if not 2 <= len(folds) <= 20:
        raise InputError(
            f"{table.path}: --split-column {name}: expected train, validation and test, or numbers of folds, received "
            f"{len(folds):,} different cells such as {(folds or [''])[0][:40]!r}."
        )
    empty = int((cells == "").sum())
    words = f"; {empty:,} rows without a fold are not used" if empty else ""
    note = f"Column {name!r} decides: fold {folds[0]!r} of {len(folds)} is held out{words}."
    return ((cells != folds[0]) & (cells != "")).to_numpy(), (cells == folds[0]).to_numpy(), [note]


def _by_group(table: Table, data: Data, name: str, cells: pd.Series) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Whole groups, drawn at random; a row without a group is a group of its own."""
    from sklearn.model_selection import GroupShuffleSplit  # late: half a second

    groups = cells.where(cells != "", "row " + cells.index.astype(str)).to_numpy()
    n_groups = len(set(groups))
    if n_groups < 2 or math.ceil(n_groups * data.test_size) >= n_groups:
        raise InputError(
            f"{table.path}: --group-column {name}: {n_groups} different groups are too few to hold out "
            f"{data.test_size:.0%}. Choose another column, or another --test-size."
        )
    splitter = GroupShuffleSplit(TRIES, test_size=data.test_size, random_state=data.random_state)
    best, fewest, all_classes = None, math.inf, _classes(table, np.arange(len(groups)))
    for train, held_out in splitter.split(groups, groups=groups):
        lacking: float = len(all_classes - _classes(table, train))
        lacking += len(_classes(table, train) - _classes(table, held_out)) / 1000  # a class that is not measured
        if lacking < fewest:
            best, fewest = (train, held_out), lacking
        if not lacking:
            break
    train_rows, held_out_rows = np.zeros(len(groups), dtype=bool), np.zeros(len(groups), dtype=bool)
    if best is not None:
        train_rows[best[0]], held_out_rows[best[1]] = True, True
    empty, count = int((cells == "").sum()), len(set(groups[held_out_rows]))
    words = f"; {empty:,} rows without a group are each a group of their own" if empty else ""
    note = f"Column {name!r} decides: {count:,} of {n_groups:,} groups are held out as a whole{words}."
    return train_rows, held_out_rows, [note]


def _by_time(table: Table, data: Data, name: str, cells: pd.Series) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The latest rows; rows of one time stay together. A row without a time is trained on."""
    times = times_of(table, data, name, cells)
    known = np.flatnonzero(~np.isnan(times))
    if not len(known):
        raise InputError(f"{table.path}: --time-column {name}: every cell is empty. Choose another column.")
    latest = np.sort(times[known])[-max(1, math.ceil(data.test_size * len(known)))]
    held_out = times >= latest
    first = cells[np.flatnonzero(held_out)[np.argmin(times[held_out])]]
    empty = len(times) - len(known)
    words = f"; {empty:,} rows without a time are trained on" if empty else ""
    return ~held_out, held_out, [f"Column {name!r} decides: the rows from {first} on are held out{words}."]


def times_of(table: Table, data: Data, name: str, cells: pd.Series) -> np.ndarray:
    """The order of the rows in time, float64 [n]: numbers as they are, dates by rank; NaN for a missing or odd cell."""
    column = next((column for column in table.columns if column.name == name), None)
    reading = guess_reading(name, Distinct.of(cells), data) if column is None else column
    values = list(dict.fromkeys(cells))
    if reading.kind == "number":
        notation = parse_notation(reading.notation if column is None else "")
        numbers = {
            value: float(n or "nan") for value, n in zip(values, read_numbers(values, notation).plain, strict=True)
        }
        return cells.map(numbers).to_numpy(dtype=np.float64)
    if reading.kind == "date":
        dates = {value: read_date(value, reading.notation) if value else None for value in values}
        order = {date: k for k, date in enumerate(sorted({date for date in dates.values() if date}))}
        return cells.map({value: float(order[date]) if date else np.nan for value, date in dates.items()}).to_numpy()
    raise InputError(
        f"{table.path}: --time-column {name}: expected dates or numbers, received {reading.kind}, such as "
        f"{next(iter(values), '')[:40]!r}. Choose another column, or say how it is written: --notation {name}=…"
    )


def _classes(table: Table, rows: np.ndarray) -> set[str]:
    """The classes or labels of these rows; none for numbers and texts."""
    labels = [table.target_kind.labels(cells.iloc[rows]) for cells in table.target_cells]
    return {label for column in labels for row in column for label in row}


def _with_known_classes(table: Table, train: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Held-out rows without those of a class that no training row has, and a note."""
    trained = _classes(table, np.flatnonzero(train)).union(table.known_labels)
    rows = np.flatnonzero(held_out)
    labels = [table.target_kind.labels(cells.iloc[rows]) for cells in table.target_cells]
    known = [all(trained.issuperset(column[k]) for column in labels) for k in range(len(rows))]
    if all(known):
        return held_out, []
    kept = held_out.copy()
    kept[rows[~np.array(known)]] = False
    count = len(known) - sum(known)
    return kept, [f"{count:,} held-out rows have a class that no training row has: they are left out."]
