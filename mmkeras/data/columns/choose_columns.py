"""Which columns of a table are used, how each one is read, and what is predicted from them."""

from __future__ import annotations

import dataclasses
import itertools
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from mmkeras.config.data import Data
from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.columns.column import INPUT_KINDS, Column, no_column
from mmkeras.data.columns.column_notes import column_notes
from mmkeras.data.columns.identifiers import names_groups, numbers_rows, why_useless
from mmkeras.data.columns.kind_guess import Reading, guess_reading, is_date_notation, read_as
from mmkeras.data.columns.leaks import find_leak
from mmkeras.data.columns.named_columns import choose_targets, named_inputs
from mmkeras.data.files.reading import Source
from mmkeras.data.splits.split_names import names_split
from mmkeras.data.targets.task_guess import choose_task
from mmkeras.data.values.clean import Cleaned, clean_distinct, spread, whole
from mmkeras.data.values.distinct import Distinct, cells_of
from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.number_guess import THOUSANDS, read_numbers
from mmkeras.data.values.numbers import PLAIN, check_number_notation, parse_notation
from mmkeras.errors import InputError

FEW_DATES: Final = 20
"""So many different dates may be classes."""


@dataclass(frozen=True)
class Chosen:
    """What is done with the columns of a table.

    columns: to use, the targets last. notes: sentences with the reasons. cells: column -> its cells as `clean` has
    them, of the inputs.
    """

    task: str
    columns: tuple[Column, ...]
    ignored: tuple[Column, ...]
    notes: list[str]
    cells: dict[str, Cleaned]


def choose_columns(source: Source, data: Data, task: str) -> Chosen:
    """Choose the task, the columns to use and their roles.

    task: as `--task` names it, or `auto`.
    Raises InputError for a flag that names no column or the wrong one, and when no input is left.
    """
    names = list(source.rows.columns)
    _check_names(source, data)
    kinds = named_inputs(source, data)
    targets = choose_targets(source, data, kinds, task)
    used = [name for name in names if name in kinds or name in targets or not kinds or name in data.keep]
    used = [name for name in used if name not in data.ignore]
    cells = {
        name: Distinct.of(source.rows[name].to_numpy() if name in targets else cells_of(source.rows[name]))
        for name in names
    }
    readings = _read_columns(source, cells, data, kinds)
    plain = {name: _plain_target(cells[name], data, readings[name]) for name in targets}
    choice = choose_task(_with_targets(source, plain), targets, task)
    notes, target_kind = list(choice.notes), TARGET_KINDS[choice.task]
    _check_target(source, data, targets, target_kind, cells)
    if target_kind == "category" and task not in TARGET_KINDS:
        _check_no_dates(source, targets[0], readings[targets[0]])
    inputs, ignored, cleaned = [], [], dict[str, Cleaned]()
    for name in names:
        if name in targets:
            continue
        if name not in used:
            ignored.append(_column(name, readings[name], "ignored", False, data))
            continue
        column = _column(name, readings[name], "input", name in kinds, data)
        cells[name] = whole(source.rows[name], cells[name], column)
        texts, odd = clean_distinct(cells[name], column)
        reason, warning = _why_ignored(column, cells[name].replaced(texts), data, plain, target_kind)
        if reason and name not in kinds and name not in data.keep:
            notes.append(f"Column {name!r} is ignored: {reason}. To use it: --keep {name!r}.")
            ignored.append(dataclasses.replace(column, role="ignored"))
            continue
        if warning:
            notes.append(f"Column {name!r} is used, but {warning}")
        inputs.append(column)
        cleaned[name] = spread(source.rows[name], cells[name], column, texts, odd)
    if not inputs:
        besides = f"besides the target{'s' * (len(targets) > 1)} {', '.join(map(repr, targets))}"
        raise InputError(f"{source.path}: no column is left to learn from, {besides}. {' '.join(notes)}")
    notes += _sibling_flags(inputs, cells, data, targets, target_kind)
    for name in targets:
        reading = readings[name] if target_kind == "number" else Reading(target_kind, choice.labels)
        reading = dataclasses.replace(reading, kind=target_kind, values=readings[name].values)
        inputs.append(_column(name, reading, "target", bool(data.target), data))
    return Chosen(choice.task, tuple(inputs), tuple(ignored), [*notes, *column_notes(inputs, cells, readings)], cleaned)


def _why_ignored(
    column: Column, cells: Distinct, data: Data, targets: Mapping[str, Distinct], target_kind: str
) -> tuple[str, str]:
    """Why a column is ignored unless a flag names it, and why its use is doubtful, with the remedy; '' for neither.

    cells, targets: '' where missing; numbers in Python's notation.
    """
    name = column.name
    if name in (data.split_column, data.group_column):
        return "it says which rows are held out", ""
    if split := names_split(name, cells.texts):
        return f"{split}; to hold its rows out: --split-column {name!r}", ""
    if reason := why_useless(name, cells, column.kind):
        return reason, ""
    for target in targets if len(targets) == 1 else ():
        leak = find_leak(name, cells, column.kind, target, targets[target], target_kind)
        if leak and leak.left_out:
            return leak.reason, ""
        if leak:
            return "", f"{leak.reason}. If it is not known for new rows: --ignore {name!r}."
    if names_groups(name, cells, column.kind):
        rows = f"it is called an identifier, and rows of one {name!r} may stand on both sides of the split"
        return "", f"{rows}. To keep them together: --group-column {name!r}."
    return "", ""


def _sibling_flags(
    inputs: Sequence[Column], cells: Mapping[str, Distinct], data: Data, targets: Sequence[str], target_kind: str
) -> list[str]:
    """A note on columns of 0 and 1 just before a guessed target of 0 and 1, which may be labels, too."""

    def is_flag(name: str) -> bool:
        return {text.removesuffix(".0") for text in cells[name].texts} - {""} == {"0", "1"}

    if data.target or target_kind != "category" or not is_flag(targets[0]):
        return []
    names = list(cells)
    before = itertools.takewhile(is_flag, reversed(names[: names.index(targets[0])]))
    used = {column.name for column in inputs}
    flags = [name for name in reversed(list(before)) if name in used]
    if not flags or not any(column.kind in ("text", "image", "audio") for column in inputs):
        return []
    labels = [*flags, targets[0]]
    shown = ", ".join(map(repr, flags[:3])) + (", …" if len(flags) > 3 else "")
    return [
        f"Columns {shown} hold 0 and 1, as the target {targets[0]!r} does. If they are labels, too, and not known for "
        f"new rows: --target {' '.join(map(shlex.quote, labels))}"
    ]


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


def _check_target(
    source: Source, data: Data, targets: Sequence[str], target_kind: str, cells: Mapping[str, Distinct]
) -> None:
    """Raise InputError for a guessed target of numbers that only names or repeats the row."""
    if target_kind == "number" and not data.target and numbers_rows(targets[0], cells[targets[0]]):
        raise InputError(
            f"{source.path}: no column looks like a target; in {targets[0]!r} every row has a different value, so it "
            "only names the row. Name it: --target."
        )


def _check_no_dates(source: Source, name: str, reading: Reading) -> None:
    """Raise InputError for a target of many dates: as classes they would be nonsense."""
    if reading.kind == "date" and source.rows[name].nunique() > FEW_DATES:
        raise InputError(
            f"{source.path}: the target {name!r} holds dates ({reading.notation}), and a date cannot be predicted. "
            "Name another target, or make a number of the dates, such as the days since a first day: --target."
        )


def _read_columns(
    source: Source, cells: Mapping[str, Distinct], data: Data, kinds: Mapping[str, str]
) -> dict[str, Reading]:
    """Column -> its reading. Columns whose separators are certain decide those that are not."""

    def read(name: str, decimal: str = "") -> Reading:
        if name in kinds:
            return read_as(name, cells[name], kinds[name], data, f"{source.path}: --{kinds[name]} {name}", decimal)
        return guess_reading(name, cells[name], data, decimal)

    readings = {name: read(name) for name in cells}
    certain = [name for name, reading in readings.items() if reading.kind == "number" and not reading.doubtful]
    decimals = {parse_notation(readings[name].notation).decimal for name in certain if readings[name].notation != PLAIN}
    has_points = any(_has_points(cells[name].texts) for name in certain if readings[name].notation == PLAIN)
    if source.delimiter == ";" and not decimals and not has_points:
        decimals = {","}  # a semicolon separates fields where the comma separates decimals
    if len(decimals) == 1:
        (decimal,) = decimals
        readings |= {
            name: read(name, decimal)
            for name, reading in readings.items()
            if reading.kind == "number" and (reading.doubtful or (decimal == "," and reading.notation == PLAIN))
        }
    return readings


def _has_points(texts: Iterable[str]) -> bool:
    """Is there a number whose full stop is surely a decimal one: 12.5, 0.123, 1234.567?"""
    return any("." in text and not THOUSANDS.fullmatch(text.lstrip("+-")) for text in texts)


def _plain_target(cells: Distinct, data: Data, reading: Reading) -> Distinct:
    """The target's cells, '' where missing, and numbers in Python's notation."""
    kind = "number" if reading.kind == "number" else "category"
    marks = marks_of(data.missing, (*data.not_missing, *reading.values), kind)
    missing = are_missing(cells.texts, marks, kind)
    texts = ["" if is_absent else text for text, is_absent in zip(cells.texts, missing, strict=True)]
    if reading.kind == "number":
        plain = read_numbers(texts, parse_notation(reading.notation)).plain
        texts = [number or text for number, text in zip(plain, texts, strict=True)]
    return cells.replaced(texts)


def _with_targets(source: Source, targets: Mapping[str, Distinct]) -> Source:
    """The source with these cells of the targets."""
    rows = source.rows.copy(deep=False)
    for name, cells in targets.items():
        rows[name] = pd.Series(cells.spread(cells.texts), rows.index, dtype=object)
    return dataclasses.replace(source, rows=rows)


def _column(name: str, reading: Reading, role: str, given: bool, data: Data) -> Column:
    missing = tuple(dict.fromkeys([*data.missing, *reading.sentinels]))
    not_missing = tuple(dict.fromkeys([*data.not_missing, *reading.values]))
    odd = sum(reading.odd.values())
    notation = reading.notation if reading.kind in ("number", "date", "labels") else ""
    return Column(name, reading.kind, role, given, notation, missing, not_missing, odd, reading.doubtful)
