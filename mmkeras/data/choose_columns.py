"""Which columns of a table are used, how each one is read, and what is predicted from them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import pandas as pd

from mmkeras.config.data import Data
from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.cells import one_line
from mmkeras.data.clean import clean
from mmkeras.data.columns import INPUT_KINDS, Column, no_column
from mmkeras.data.dates import ISO
from mmkeras.data.identifiers import numbers_rows, why_useless
from mmkeras.data.identity import joined, usual_spellings
from mmkeras.data.kind_guess import Reading, Values, guess_reading, is_date_notation, read_as
from mmkeras.data.leaks import find_leak
from mmkeras.data.missing import is_missing, marks_of
from mmkeras.data.named_columns import choose_targets, named_inputs
from mmkeras.data.number_guess import read_numbers
from mmkeras.data.numbers import PLAIN, check_number_notation, parse_notation
from mmkeras.data.reading import Source
from mmkeras.data.task_guess import choose_task
from mmkeras.errors import InputError

SHOWN: Final = 3
"""Largest number of odd cells that a note shows."""
FEW_DATES: Final = 20
"""So many different dates may be classes."""
MOST_NOTES: Final = 20
"""Largest number of columns with a note of their own."""


def choose_columns(
    source: Source, data: Data, task: str
) -> tuple[str, tuple[Column, ...], tuple[Column, ...], list[str]]:
    """The task, the columns to use (the targets last), the columns to ignore, and notes that give the reasons.

    task: as `--task` names it, or `auto`.
    Raises InputError for a flag that names no column or the wrong one, and when no input is left.
    """
    names = list(source.rows.columns)
    _check_names(source, data)
    kinds = named_inputs(source, data)
    targets = choose_targets(source, data, kinds, task)
    used = [name for name in names if name in kinds or name in targets or not kinds or name in data.keep]
    used = [name for name in used if name not in data.ignore]
    readings = _read_columns(source, data, names, kinds)
    plain = _with_plain_targets(source, data, targets, readings)
    choice = choose_task(plain, targets, task)
    notes, target_kind = list(choice.notes), TARGET_KINDS[choice.task]
    _check_target(source, data, targets, target_kind)
    if target_kind == "category" and task not in TARGET_KINDS:
        _check_no_dates(source, targets[0], readings[targets[0]])
    inputs, ignored = [], []
    for name in names:
        if name in targets:
            continue
        if name not in used:
            ignored.append(_column(name, readings[name], "ignored", False, data))
            continue
        column = _column(name, readings[name], "input", name in kinds, data)
        reason, warning = _why_ignored(column, source, data, plain, targets, target_kind)
        if reason and name not in kinds and name not in data.keep:
            notes.append(f"Column {name!r} is ignored: {reason}. To use it: --keep {name!r}.")
            ignored.append(dataclasses.replace(column, role="ignored"))
            continue
        if warning:
            notes.append(f"Column {name!r} is used, but {warning}. If it is not known for new rows: --ignore {name!r}.")
        inputs.append(column)
    if not inputs:
        besides = f"besides the target{'s' * (len(targets) > 1)} {', '.join(map(repr, targets))}"
        raise InputError(f"{source.path}: no column is left to learn from, {besides}. {' '.join(notes)}")
    for name in targets:
        reading = readings[name] if target_kind == "number" else Reading(target_kind, choice.labels)
        inputs.append(_column(name, dataclasses.replace(reading, kind=target_kind), "target", bool(data.target), data))
    return choice.task, tuple(inputs), tuple(ignored), [*notes, *_notes(source, inputs, readings)]


def _why_ignored(
    column: Column, source: Source, data: Data, plain: Source, targets: Sequence[str], target_kind: str
) -> tuple[str, str]:
    """Why a column is ignored unless a flag names it, and why its use is doubtful; '' for neither."""
    name, cells = column.name, source.rows[column.name]
    if name in (data.split_column, data.group_column):
        return "it says which rows are held out", ""
    if reason := why_useless(name, cells, column.kind):
        return reason, ""
    cleaned = clean(cells, column)[0]
    for target in targets if len(targets) == 1 else ():
        leak = find_leak(name, cleaned, column.kind, target, plain.rows[target], target_kind)
        if leak:
            return (leak.reason, "") if leak.left_out else ("", leak.reason)
    return "", ""


def _check_names(source: Source, data: Data) -> None:
    """Raise InputError for --keep or --notation of an absent column."""
    names = list(source.rows.columns)
    for flag, columns in {"keep": data.keep, "ignore": data.ignore}.items():
        for name in columns:
            if name not in names:
                raise no_column(name, names, f"{source.path}: --{flag}: the column")
    for name in data.ignore:
        if name in (*data.keep, *data.target, *(column for kind in INPUT_KINDS for column in getattr(data, kind, ()))):
            raise InputError(f"Column {name!r} is named behind --ignore and behind another flag. Name it once.")
    for pair in data.notation:
        name, sign, notation = pair.partition("=")
        if not (sign and name and notation):
            raise InputError(f"--notation {pair}: expected COLUMN=NOTATION, such as price=1.234,56 or day=DD.MM.YYYY.")
        if name not in names:
            raise no_column(name, names, f"{source.path}: --notation {pair}: the column")
        if not is_date_notation(notation):
            check_number_notation(notation, name)


def _check_target(source: Source, data: Data, targets: Sequence[str], target_kind: str) -> None:
    """Raise InputError for a guessed target of numbers that only names or repeats the row."""
    if target_kind != "number" or data.target:
        return
    name, cells = targets[0], source.rows[targets[0]]
    if numbers_rows(name, cells):
        raise InputError(
            f"{source.path}: no column looks like a target; in {name!r} every row has a different value, so it only "
            "names the row. Name it: --target."
        )


def _check_no_dates(source: Source, name: str, reading: Reading) -> None:
    """Raise InputError for a target of many dates: as classes they would be nonsense."""
    if reading.kind == "date" and source.rows[name].nunique() > FEW_DATES:
        raise InputError(
            f"{source.path}: the target {name!r} holds dates ({reading.notation}), and a date cannot be predicted. "
            "Name another target, or make a number of the dates, such as the days since a first day: --target."
        )


def _read_columns(source: Source, data: Data, names: Iterable[str], kinds: dict[str, str]) -> dict[str, Reading]:
    """Column -> its reading. Columns whose separators are certain decide those that are not."""

    def read(name: str, decimal: str = "") -> Reading:
        cells = source.rows[name]
        if name in kinds:
            return read_as(name, cells, kinds[name], data, f"{source.path}: --{kinds[name]} {name}", decimal)
        return guess_reading(name, cells, data, decimal)

    readings = {name: read(name) for name in names}
    certain = [reading.notation for reading in readings.values() if reading.kind == "number" and not reading.doubtful]
    decimals = {parse_notation(notation).decimal for notation in certain if notation != PLAIN}
    if len(decimals) == 1:
        (decimal,) = decimals
        readings |= {
            name: read(name, decimal)
            for name, reading in readings.items()
            if reading.kind == "number" and (reading.doubtful or (decimal == "," and reading.notation == PLAIN))
        }
    return readings


def _with_plain_targets(source: Source, data: Data, targets: Sequence[str], readings: dict[str, Reading]) -> Source:
    """The source whose targets are '' where they are missing, and numbers in Python's notation."""
    rows = source.rows.copy(deep=False)
    for name in targets:
        reading = readings[name]
        kind = "number" if reading.kind == "number" else "category"
        cells = rows[name].mask(is_missing(rows[name], marks_of(data.missing, data.not_missing, kind), kind), "")
        if reading.kind == "number" and reading.notation != PLAIN:
            values = Values.of(cells, data, "number")
            plain = read_numbers(values.texts, parse_notation(reading.notation)).plain
            cells = cells.str.strip().replace({text: n for text, n in zip(values.texts, plain, strict=True) if n})
        rows[name] = cells
    return dataclasses.replace(source, rows=rows)


def _column(name: str, reading: Reading, role: str, given: bool, data: Data) -> Column:
    missing = tuple(dict.fromkeys([*data.missing, *reading.sentinels]))
    odd = sum(reading.odd.values())
    notation = reading.notation if reading.kind in ("number", "date", "labels") else ""
    return Column(name, reading.kind, role, given, notation, missing, data.not_missing, odd, reading.doubtful)


def _notes(source: Source, columns: Sequence[Column], readings: dict[str, Reading]) -> list[str]:
    """What is odd, missing or doubtful in each column, for the first MOST_NOTES of them."""
    notes = [" ".join(sentences) for column in columns if (sentences := [*_sentences(source, column, readings)])]
    more = len(notes) - MOST_NOTES
    return notes if more <= 0 else [*notes[:MOST_NOTES], f"{more:,} more columns have odd or missing cells."]


def _sentences(source: Source, column: Column, readings: dict[str, Reading]) -> Iterator[str]:
    reading, cells, name = readings[column.name], source.rows[column.name], column.name
    if column.kind in ("number", "date") and reading.notation not in (PLAIN, ISO) and reading.kind == column.kind:
        doubt = f"; {reading.doubtful}" if reading.doubtful else ""
        other = " To change it: --notation." if doubt else ""
        yield f"Column {name!r} is read as {column.kind}s written {reading.notation!r}{doubt}.{other}"
    if reading.odd and column.kind == reading.kind:
        shown = ", ".join(f"{rows:,} × {one_line(cell)!r}" for cell, rows in list(reading.odd.items())[:SHOWN])
        more = ", …" if len(reading.odd) > SHOWN else ""
        what = {"number": "no number", "date": "no date"}.get(column.kind, f"no {column.kind} file")
        are, effect = ("is", "it counts as missing") if column.odd == 1 else ("are", "they count as missing")
        yield f"In column {name!r} {column.odd:,} of {len(cells):,} cells {are} {what} ({shown}{more}): {effect}."
    if reading.sentinels and column.kind == "number":
        marks = ", ".join(map(repr, reading.sentinels))
        yield (
            f"In column {name!r} {marks} lies far from all other numbers and repeats: it counts as missing. If it is a "
            f"number, say so: --not-missing {' '.join(reading.sentinels)}."
        )
    if column.kind == "category" and (spelled := _joined(cells)):
        yield f"In column {name!r} spellings of one value are one: {spelled}."
    if counted := _missing_marks(cells, column):
        yield f"In column {name!r} {counted}. If one is a value, say so: --not-missing MARK."


def _joined(cells: pd.Series) -> str:
    """Values that have several spellings: `'1.0' is '1'`."""
    others = joined(cells.str.strip(), usual_spellings(cells.str.strip()))
    shown = [f"{other!r} is {usual!r}" for usual, spellings in others.items() for other in spellings]
    return ", ".join(shown[:SHOWN]) + (", …" if len(shown) > SHOWN else "")


def _missing_marks(cells: pd.Series, column: Column) -> str:
    """The marks of missing values that stand in a column, other than sentinels: `3 cells are missing marks ('NA')`."""
    kind = column.kind if column.kind in ("number", "date") else "category"
    found = cells[is_missing(cells, marks_of((), column.not_missing, kind), kind)].str.strip()
    counts = found[found != ""].value_counts()
    if not len(counts):
        return ""
    shown = ", ".join(map(repr, counts.index[:SHOWN])) + (", …" if len(counts) > SHOWN else "")
    total = counts.sum()
    return f"{total:,} {'cell is a mark' if total == 1 else 'cells are marks'} of a missing value ({shown})"
