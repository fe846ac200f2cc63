"""A table to train on or to predict: its columns with their kinds and roles, and its usable rows.

pandas only: `mmkeras predict` reads its rows here and must start without TensorFlow, Keras or scikit-learn.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Data, Dialect
from mmkeras.data.columns.choose_columns import choose_columns
from mmkeras.data.columns.column import Column, no_column
from mmkeras.data.columns.column_names import with_known_names
from mmkeras.data.files.positions import name_by_position, no_header_hint
from mmkeras.data.files.reading import BadRow, Source, read_source
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.typed import as_written, plain_notations
from mmkeras.data.targets.label_lists import FLAGS, MARKED
from mmkeras.data.targets.target_kinds import KINDS, TargetKind
from mmkeras.data.values.cells import one_line, to_floats
from mmkeras.data.values.clean import Cleaned, clean, fault
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.errors import InputError
from mmkeras.system.files import write_csv

__all__ = ["BadRow", "Column", "Table", "read_rows", "read_table", "write_bad_rows", "write_csv"]


NO_TARGET: Final = "the target is empty"
NO_INPUT: Final = "every input is empty"
"""Reasons of rows that are left out however many they are: unlabelled rows are usual, and no fault of the file."""


@dataclass(frozen=True)
class Table:
    """A file after checking: its good rows, and its bad rows with the reasons."""

    path: str
    encoding: str
    delimiter: str
    """Empty for all formats but CSV."""
    columns: tuple[Column, ...]
    """Inputs in the order of the file, then the targets, if any."""
    rows: pd.DataFrame
    """[rows, all columns of the file], every cell a str, index 0…n-1. Empty cells are ''. Number cells are '' or
    parse as a finite float, date cells are '' or a date; the white space of classes is folded; labels are sorted, each
    one once."""
    lines: np.ndarray
    """int64 [rows]: the line of the file each row starts on."""
    bad_rows: tuple[BadRow, ...]
    ignored: tuple[Column, ...] = ()
    """Columns of the file that are not used."""
    notes: tuple[str, ...] = ()
    """Sentences to print."""
    task: str = ""
    """The task, such as `classify`; '' for a validation or prediction file."""
    known_labels: tuple[str, ...] = ()
    """Classes or labels of the finished run that a training goes on from; the table need not have a row of each."""
    format: str = "CSV"
    """As `Source.format`."""
    as_read: Source | None = None
    """The cells of `rows` as they stand in the file, where all rows are kept."""

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The input columns."""
        return tuple(column for column in self.columns if column.role == "input")

    @property
    def targets(self) -> tuple[Column, ...]:
        """The target columns; several only for numbers, none in a prediction file without them."""
        return tuple(column for column in self.columns if column.role == "target")

    @property
    def target(self) -> Column | None:
        """The first target column; None in a prediction file without one."""
        return next(iter(self.targets), None)

    @property
    def target_kind(self) -> TargetKind:
        """The kind of the targets. Raises InputError for a table without targets."""
        if self.target is None:
            raise InputError(f"{self.path}: it has no target column; rows to learn from or to validate on need one.")
        return KINDS[self.target.kind]

    @property
    def target_cells(self) -> list[pd.Series]:
        """The cells of each target column."""
        return [self.rows[column.name] for column in self.targets]


def read_table(data: Data, task: str = "auto") -> Table:
    """Read the CSV to train on, choose the kinds and roles of its columns, and set unusable rows apart.

    task: as `--task` names it; `auto`: guessed from the cells of the target.

    Raises InputError for a file, column or flag that cannot be used, or more than `max_bad_rows` bad rows.
    """
    source = read_source(data.csv, data)
    data = dataclasses.replace(data, notation=(*data.notation, *plain_notations(source, data.notation)))
    names, rows, malformed = list(source.rows.columns), len(source.rows), source.malformed
    if len(names) < 2:
        raise InputError(
            f"{source.path}: expected at least two columns, an input and a target; received only "
            f"{one_line(names[0])!r} (delimiter {source.delimiter!r}). "
            + (source.hint or "Give the right --delimiter, or add a column.")
        )
    if not rows or len(malformed) > data.max_bad_rows * (rows + len(malformed)):
        raise _too_many_bad_rows(source.path, malformed, rows + len(malformed), data.max_bad_rows, source.hint)
    chosen = choose_columns(source, data, task)
    notes = list(chosen.notes)
    table = check_rows(source, chosen.columns, chosen.cells, keep_all=False, max_bad_rows=data.max_bad_rows)
    if table.target_kind.labelled:
        notes += _check_labels(table)
    notes = [*source.notes, *notes, *table.notes]
    return dataclasses.replace(table, task=chosen.task, ignored=chosen.ignored, notes=tuple(notes))


def read_rows(
    path: str | Path | StandardInput | Source,
    columns: Sequence[Column],
    *,
    dialect: Dialect | None = None,
    target_optional: bool = True,
    inputs_optional: bool = False,
    keep_all: bool = True,
    max_bad_rows: float = 1.0,
) -> Table:
    """Read a validation or prediction file that has these columns, and perhaps others.

    path: of the file; or what has been read already. columns: of the table that the model was trained on.
    target_optional, inputs_optional: columns of this role may be absent (of the inputs, all but one);
        `Table.columns` then lacks them.
    keep_all: every row stays in `rows`, so that each one gets a prediction: an unreadable row has empty cells and is in
        `bad_rows` too; a target that is empty or not a number is no fault, and its cell is ''. False drops the bad
        rows, as `read_table` does.
    max_bad_rows: largest share of bad rows to accept.
    Raises InputError as `read_table` does.
    """
    names = [column.name for column in columns]
    as_read = path if isinstance(path, Source) else read_source(path, dialect, names)
    if keep_all:
        as_read = as_read.with_malformed()
    source, present = with_columns(as_read, columns, target_optional, inputs_optional)
    table = check_rows(source, present, {}, keep_all=keep_all, max_bad_rows=max_bad_rows)
    return dataclasses.replace(table, notes=(*source.notes, *table.notes), as_read=as_read if keep_all else None)


def with_columns(
    as_read: Source, columns: Sequence[Column], target_optional: bool, inputs_optional: bool
) -> tuple[Source, tuple[Column, ...]]:
    """What was read, with the columns' own names and notations, and those of the columns that it has.

    Raises InputError for an absent column, as `read_rows` says.
    """
    path, names = as_read.path, [column.name for column in columns]
    source, notes = with_known_names(as_read, names)
    source = name_by_position(source, [column.name for column in columns if column.role == "input"])
    names = list(source.rows.columns)
    hint = no_header_hint(source, [column.name for column in columns])
    present = []
    for column in columns:
        if column.name in names:
            present.append(column)
        elif not (inputs_optional if column.role == "input" else target_optional):
            raise no_column(column.name, names, f"{path}: the {column.role} column", hint)
    if not any(column.role == "input" for column in present):
        first = next(column for column in columns if column.role == "input")
        raise no_column(first.name, names, f"{path}: the input column", hint)
    notes = [*source.notes, *notes]
    return dataclasses.replace(source, rows=as_written(source, present), notes=tuple(notes)), tuple(present)


def drop_rows(table: Table, good: np.ndarray, bad_rows: Sequence[BadRow], max_bad_rows: float) -> Table:
    """The table without the rows whose media files cannot be used.

    good: bool [rows]. bad_rows: the rows that are not good, with the reasons.
    Raises InputError where more than `max_bad_rows` of all rows are bad.
    """
    if good.all():
        return table
    bad = tuple(sorted([*table.bad_rows, *bad_rows], key=lambda row: row.line))
    total = len(table.rows) + len(table.bad_rows)
    if len(bad) > max_bad_rows * total or not good.any():
        raise _too_many_bad_rows(table.path, bad, total, max_bad_rows)
    rows = table.rows[good].reset_index(drop=True)
    return dataclasses.replace(table, rows=rows, lines=table.lines[good], bad_rows=bad)


def check_rows(
    source: Source,
    columns: tuple[Column, ...],
    cleaned: Mapping[str, Cleaned],
    *,
    keep_all: bool,
    max_bad_rows: float,
) -> Table:
    """Set apart the rows without a target, without any input, or with a bad number or date.

    cleaned: the cells of columns that are clean already.
    """
    frame, lines, path = source.rows, source.lines, source.path
    end = len(frame)
    while not keep_all and end > 1 and not any(frame.iloc[end - 1]):
        end -= 1  # spreadsheets leave rows of bare delimiters at the end
    frame, lines = frame.iloc[:end].copy(deep=False), lines[:end]
    bad = {row.line: row for row in source.malformed}
    empty_inputs, faults = np.ones(len(frame), dtype=bool), dict[int, tuple[str, str]]()
    notes: list[str] = []
    for column in columns:
        before = frame[column.name]
        cells, odd = cleaned[column.name] if column.name in cleaned else clean(before, column, notes)
        frame[column.name], odd = cells.iloc[:end], odd[:end]
        is_absent = (frame[column.name] == "").to_numpy(dtype=bool)
        if column.role == "input":
            empty_inputs &= is_absent
            at_fault = np.flatnonzero(odd & keep_all)  # in training they count as missing, and a note says so
            faults |= {int(row): (column.name, fault(before.iloc[row], column)) for row in np.flatnonzero(odd)}
        else:
            at_fault = np.flatnonzero(is_absent & (not keep_all))
        for row in at_fault:
            reason = fault(before.iloc[row], column) if odd[row] else NO_TARGET
            bad.setdefault(int(lines[row]), BadRow(path, int(lines[row]), column.name, reason))
    names = ", ".join(column.name for column in columns if column.role == "input")
    for i in np.flatnonzero(empty_inputs):
        bad.setdefault(int(lines[i]), BadRow(path, int(lines[i]), *faults.get(int(i), (names, NO_INPUT))))
    bad_rows = tuple(bad[line] for line in sorted(bad))
    total = len(frame) + (0 if keep_all else len(source.malformed))
    if not keep_all:
        good = ~np.isin(lines, list(bad))
        frame, lines = frame[good].reset_index(drop=True), lines[good]
    faulty = [row for row in bad_rows if row.reason not in (NO_TARGET, NO_INPUT)]
    if len(faulty) > max_bad_rows * total or (not keep_all and not len(frame)):
        raise _too_many_bad_rows(path, faulty if len(frame) else bad_rows, total, max_bad_rows)
    if not keep_all:
        notes += _left_out(bad_rows, total)
    file = path, source.encoding, source.delimiter
    return Table(*file, columns, frame, lines, bad_rows, notes=tuple(notes), format=source.format)


def _left_out(bad_rows: Sequence[BadRow], total: int) -> tuple[str, ...]:
    """How many rows are left out as there is nothing to learn from: a missing cell is no fault of the file."""
    counts = {reason: sum(row.reason == reason for row in bad_rows) for reason in (NO_TARGET, NO_INPUT)}
    words = {NO_TARGET: "without a target", NO_INPUT: "without any input"}
    return tuple(
        f"{count:,} of {total:,} rows {'is' if count == 1 else 'are'} {words[reason]}: left out."
        for reason, count in counts.items()
        if count
    )


def _too_many_bad_rows(path: str, bad_rows: Sequence[BadRow], total: int, allowed: float, hint: str = "") -> InputError:
    first = "; ".join(f"line {b.line}{f', {b.column}' if b.column else ''}: {b.reason}" for b in bad_rows[:3])
    share = f"{path}: {len(bad_rows):,} of {total:,} rows ({len(bad_rows) / total:.1%}) cannot be used"
    if len(bad_rows) == total:
        return InputError(
            f"{share}: no row is left. {first}. " + (hint or "Correct them, or check --delimiter and --encoding.")
        )
    return InputError(
        f"{share}, more than the {allowed:.1%} allowed. {first}. "
        + (hint or "Correct them, or allow more with --max-bad-rows.")
    )


def _check_labels(table: Table) -> list[str]:
    """Notes on suspicious labels. Raises InputError when the cells are not classes or labels at all."""
    target, kind = table.columns[-1].name, table.target_kind
    cells = table.rows[target]
    counts = Counter(label for labels in kind.labels(cells) for label in labels)
    if len(counts) > max(10, counts.total() // 2):
        common = one_line(counts.most_common(1)[0][0])
        numbers = not np.isnan(to_floats(cells.iloc[:20])).any()
        other = "for numbers, give --task regress" if numbers else "to generate such texts, give --task generate"
        raise InputError(
            f"{table.path}: the target {target!r} has {len(counts):,} different {kind.counted} in "
            f"{len(table.rows):,} rows, such as {common!r}; expected {kind.many} that repeat. Name another "
            f"column, or, {other}: --target {' | '.join(map(repr, table.rows.columns))}."
        )
    notes = []
    if target in counts and table.columns[-1].notation not in (FLAGS, MARKED):
        notes.append(f"The target column's name {target!r} is also one of its labels. Is the first line a header?")
    by_casefold: dict[str, str] = {}
    for label, _ in counts.most_common():
        other = by_casefold.setdefault(label.casefold(), label)
        if other != label:
            notes.append(f"The labels {other!r} and {label!r} differ only in case; they count as two {kind.many}.")
    return notes


def write_bad_rows(table: Table, path: str | Path, validation: Table | None = None) -> None:
    """Write the bad rows (and those of the validation file) as CSV: file, line, column, reason. Atomic."""
    bad_rows = (*table.bad_rows, *(validation.bad_rows if validation else ()))
    header = [field.name for field in dataclasses.fields(BadRow)]
    write_csv(path, FormulaCells().marked([header, *(dataclasses.astuple(row) for row in bad_rows)]))
