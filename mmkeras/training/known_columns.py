"""New rows for a finished run: read with its columns, kinds, notations and labels. What it cannot learn is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Data
from mmkeras.config.tasks import generates_text
from mmkeras.data.columns.column import Column
from mmkeras.data.splits.split import Split
from mmkeras.data.splits.stratify import labels_of, list_labels
from mmkeras.data.table import Table, read_rows
from mmkeras.data.targets.targets import Targets
from mmkeras.data.values.cells import one_line
from mmkeras.data.values.identity import key_of, spelled_alike
from mmkeras.errors import InputError
from mmkeras.modalities import files_of, names_files
from mmkeras.runs.integrity import read_metrics
from mmkeras.runs.row_digests import NO_ROWS, RowDigests, digests_of
from mmkeras.runs.run import Run

SHOWN: Final = 5
"""Lines with a new label that are listed."""


def columns_of(run: Run) -> tuple[Column, ...]:
    """The columns of a run: its inputs, then its targets."""
    entries = [{"kind": entry["kind"], **part} for entry in run.inputs for part in entry.get("columns", [entry])]
    inputs = [dataclasses.replace(Column.read_as(entry), given=True) for entry in entries]
    return (*inputs, *(dataclasses.replace(column, given=True) for column in target_columns(run)))


def target_columns(run: Run) -> tuple[Column, ...]:
    """The target columns of a run."""
    if generates_text(run.schema["task"]):
        return (Column(run.schema["target"], "text", "target"),)
    return Targets.from_json(run.schema["targets"]).columns


def media_specs(run: Run) -> dict[str, Any]:
    """Column whose cells name files -> how the run reads them."""
    entries = [entry for entry in run.inputs if names_files(entry["kind"])]
    return {entry["column"]: files_of(entry["kind"]).saved_spec(entry) for entry in entries}


def read_known_table(data: Data, run: Run, name: str) -> Table:
    """Read the table of the new rows as `read_table` does, with the columns of a finished run. name: of the run.

    Raises InputError for a file without one of its columns, with too many bad rows, or with a label that it lacks.
    """
    columns = columns_of(run)
    table = read_rows(
        data.csv, columns, dialect=data, target_optional=False, keep_all=False, max_bad_rows=data.max_bad_rows
    )
    deciding = (data.split_column, data.group_column, data.time_column)
    used = {column.name for column in columns}.union(filter(None, deciding))
    others = [str(column) for column in table.rows.columns if column not in used]
    notes = list(table.notes)
    if others:
        more = f" and {len(others) - 8} more" if len(others) > 8 else ""
        names = ", ".join(map(repr, others[:8])) + more
        notes.append(f"Left out, since the run {name} does not know them: {names}.")
    table = dataclasses.replace(table, task=run.schema["task"], notes=tuple(notes), known_labels=tuple(run.labels))
    return with_known_labels(table, run, name) if run.labels else table


def with_known_labels(table: Table, run: Run, name: str) -> Table:
    """The table with its classes spelled as the run has them. Raises InputError for a label that the run lacks."""
    targets = Targets.from_json(run.schema["targets"])
    if targets.kind.every_class:
        usual, rows = {key_of(label): label for label in targets.labels}, table.rows.copy(deep=False)
        for column in targets.names:
            rows[column] = pd.Series(spelled_alike(rows[column], usual), rows.index, dtype=object)
        table = dataclasses.replace(table, rows=rows)
    known, of_rows = {*targets.labels}, labels_of(table)
    new = [k for k, labels in enumerate(of_rows) if not known.issuperset(labels)]
    if new:
        kind, foreign = targets.kind, sorted({label for k in new for label in of_rows[k]} - known)
        lines = [f"line {table.lines[k]}: {one_line('|'.join(of_rows[k]), 40)!r}" for k in new[:SHOWN]]
        more = ", …" if len(new) > SHOWN else ""
        raise InputError(
            f"{table.path}: the run {name} does not know the {list_labels(foreign, kind)} ({len(new):,} of "
            f"{len(of_rows):,} rows; {', '.join(lines)}{more}). A model keeps its {kind.many}: "
            f"{list_labels(sorted(known), kind).partition(' ')[2]}. Correct these rows or take them out, or train anew "
            "on the old and the new rows together, without --continue-from."
        )
    absent = sorted(known - {label for labels in of_rows for label in labels})
    if absent:
        note = f"No new row of {list_labels(absent, targets.kind)}: the model keeps what it knows of them."
        table = dataclasses.replace(table, notes=(*table.notes, note))
    return table


def input_digests(rows: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """The digest of each row's input cells, uint64 [rows]. columns: of the inputs, in any order."""
    return digests_of(zip(*(rows[name] for name in sorted(columns)), strict=True))


def new_rows_held_out(split: Split, table: Table, start: Run, name: str, separate: bool) -> Split:
    """The split with none of the rows held out that the finished run was trained on: their figures would be too good.

    Such rows are learned again. name: of the run. separate: the user has named the rows to hold out; then a note says
    how many are known.
    Raises InputError where no new row is left to hold out.
    """
    digests = RowDigests.load(start.folder)
    if digests is None or not digests.telling:
        note = f"Whether the run {name} was trained on some of the held-out rows cannot be told."
        return dataclasses.replace(split, notes=(*split.notes, note))
    learned = digests.learned(bool(metrics_of(start).get("folded")))
    names = [column.name for column in table.inputs]
    known = np.isin(input_digests(split.validation, names), learned)
    if not known.any():
        return split
    words = f"{known.sum():,} of {len(known):,} held-out rows were training rows of {name}"
    if separate:
        note = f"{words}: the figures are too good. Hold out other rows."
        return dataclasses.replace(split, notes=(*split.notes, note))
    if known.all():
        raise InputError(
            f"{table.path}: the run {name} was trained on all rows that would be held out, so nothing could "
            "be measured. Give other rows, or a file of rows to hold out: --validation."
        )
    return dataclasses.replace(
        split,
        train=pd.concat([split.train, split.validation[known]], ignore_index=True),
        train_lines=np.concatenate([split.train_lines, split.validation_lines[known]]),
        validation=split.validation[~known].reset_index(drop=True),
        validation_lines=split.validation_lines[~known],
        notes=(*split.notes, f"{words}: they are learned again, and not held out."),
    )


def metrics_of(run: Run) -> Mapping[str, Any]:
    """metrics.json of a finished run."""
    return read_metrics(run.folder)


def earlier_rows(start: Run | None) -> np.ndarray:
    """The digests of the rows that the runs before were trained on, uint64 [rows]."""
    digests = RowDigests.load(start.folder) if start else None
    return digests.learned(bool(metrics_of(start).get("folded"))) if start and digests else NO_ROWS
