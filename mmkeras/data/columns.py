"""The columns of a table: what each one holds (its kind) and what it is used for (its role)."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.config import DEFAULTS
from mmkeras.config.data import Data
from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.cells import is_empty, to_floats, to_numbers
from mmkeras.data.dates import MISSING, is_date
from mmkeras.data.kinds import MODALITIES, SUFFIXES
from mmkeras.data.reading import Source
from mmkeras.data.task_guess import choose_task
from mmkeras.errors import InputError

INPUT_KINDS: Final = tuple(MODALITIES)
TARGET_NAMES: Final = ("label", "target", "class", "category", "topic")

# A running number with or without a prefix (17, A-17, row_17), a long hexadecimal number, a UUID.
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z]{0,8}[-_:#]?\d+|(?=.*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_IDENTIFIER_NAME: Final = re.compile(r"(^|[^a-z])(id|ids|uuid|guid|idx|index|key|no|nr|row)$|^unnamed", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column of a table, its kind and its role."""

    name: str
    kind: str
    """Of an input: a key of MODALITIES. Of a target: a key of `target_kinds.KINDS`."""
    role: str
    """`input`, `target` or `ignored`."""
    given: bool = False
    """Whether the user named the column; else its kind and role were guessed."""
    notation: str = ""
    """How its numbers or dates are written, such as `1.234,56` or `DD.MM.YYYY`; '' for Python's and ISO 8601,
    and for other kinds."""
    missing: tuple[str, ...] = ()
    """Cells that stand for a missing value in this column, beside `missing.MARKS`: those of --missing, and sentinels."""
    not_missing: tuple[str, ...] = ()
    """Cells that are ordinary values here although `missing.MARKS` has them."""


def choose_columns(
    source: Source, data: Data, task: str
) -> tuple[str, tuple[Column, ...], tuple[Column, ...], list[str]]:
    """The task, the columns to use (the targets last), the columns to ignore, and notes that give the reasons.

    task: as `--task` names it, or `auto`.
    Raises InputError for a flag that names no column or the wrong one, and when no input is left.
    """
    names = list(source.rows.columns)
    kinds = _named_inputs(source, data)
    targets = _choose_targets(source, data, kinds)
    task, notes = choose_task(source, targets, task)
    target_kind = TARGET_KINDS[task]
    if target_kind == "number" and not data.target:
        useless = _why_useless(targets[0], source.rows[targets[0]], "number")
        if useless:
            raise InputError(
                f"{source.path}: no column looks like a target; in {targets[0]!r} {useless}. Name it: --target."
            )
    inputs, ignored = [], []
    for name in names:
        if name in kinds:
            inputs.append(Column(name, kinds[name], "input", given=True))
        elif name not in targets:
            column = Column(name, _guess_kind(source.rows[name]), "input")
            useless = "" if kinds else _why_useless(name, source.rows[name], column.kind)
            if useless:
                notes.append(f"Column {name!r} is ignored: {useless}. To use it, name it: --{column.kind} {name!r}.")
            if kinds or useless:
                ignored.append(dataclasses.replace(column, role="ignored"))
            else:
                inputs.append(column)
    if not inputs:
        besides = f"besides the target{'s' * (len(targets) > 1)} {', '.join(map(repr, targets))}"
        raise InputError(f"{source.path}: no column is left to learn from, {besides}. {' '.join(notes)}")
    inputs += [Column(name, target_kind, "target", given=bool(data.target)) for name in targets]
    return task, tuple(inputs), tuple(ignored), notes


def _named_inputs(source: Source, data: Data) -> dict[str, str]:
    """Column -> its kind, for the columns that a flag names."""
    names = list(source.rows.columns)
    kinds: dict[str, str] = {}
    for name, kind in _named_pairs(data):
        if name not in names:
            raise no_column(name, names, f"{source.path}: --{_flag_of(kind)}: the column")
        if name in kinds:
            flags = f"--{_flag_of(kinds[name])} and --{_flag_of(kind)}"
            raise InputError(f"Column {name!r} is named twice: {flags}. Name it once.")
        kinds[name] = kind
    return kinds


def _named_pairs(data: Data) -> Iterator[tuple[str, str]]:
    """Column and kind, as the flags name them. Raises InputError for a --kind that is no pair, or an unknown kind."""
    for kind in MODALITIES:
        if _flag_of(kind) == kind:
            yield from ((name, kind) for name in getattr(data, kind))
    for pair in data.kind:
        name, sign, kind = pair.rpartition("=")
        if not (sign and name):
            raise InputError(
                f"--kind {pair}: expected COLUMN=KIND, such as price=number. Kinds: {', '.join(MODALITIES)}."
            )
        if kind not in MODALITIES:
            raise InputError(f"--kind {pair}: there is no kind {kind!r}. Kinds: {', '.join(MODALITIES)}.")
        yield name, kind


def _flag_of(kind: str) -> str:
    """The flag that names columns of a kind: the flag of that name, or `kind` for kinds without one."""
    return kind if isinstance(DEFAULTS.get(kind), tuple) else "kind"


def naming_flags(columns: Iterable[Column]) -> dict[str, tuple[str, ...]]:
    """Flag -> its value, for the flags that name these input columns and no others."""
    flags: dict[str, tuple[str, ...]] = dict.fromkeys([*map(_flag_of, MODALITIES), "kind"], ())
    for column in columns:
        flag = _flag_of(column.kind)
        flags[flag] = (*flags[flag], column.name if flag != "kind" else f"{column.name}={column.kind}")
    return flags


def _choose_targets(source: Source, data: Data, inputs: dict[str, str]) -> tuple[str, ...]:
    """The target columns that the user names, else the guessed one. inputs: named input column -> its kind."""
    names = list(source.rows.columns)
    targets = data.target or (_guess_target(names, inputs),)
    for k, target in enumerate(targets):
        if target not in names:
            raise no_column(target, names, f"{source.path}: --target: the column")
        if target in inputs:
            raise InputError(
                f"Column {target!r} is named as the target and as --{_flag_of(inputs[target])}. It cannot be both."
            )
        if target in targets[:k]:
            raise InputError(f"Column {target!r} is named twice behind --target. Name it once.")
    return targets


def _guess_target(names: Sequence[str], inputs: Iterable[str]) -> str:
    """The first of TARGET_NAMES among the columns that are not inputs, else the last of these columns."""
    free = [name for name in names if name not in set(inputs)]
    if not free:
        raise InputError(f"Every column is named as an input ({', '.join(names)}): none is left as the target.")
    return next((name for usual in TARGET_NAMES for name in free if name.casefold() == usual), free[-1])


def no_column(name: str, names: Sequence[str], what: str) -> InputError:
    """The error for an absent column, with the nearest name. what: begins the sentence, such as `file: the column`."""
    near = difflib.get_close_matches(name.casefold(), [n.casefold() for n in names], 1)
    hint = f" Did you mean {next(n for n in names if n.casefold() == near[0])!r}?" if near else ""
    return InputError(f"{what} {name!r} is not in the file.{hint} Columns: {', '.join(names)}.")


def _guess_kind(cells: pd.Series) -> str:
    """The kind of a column of strings. Empty cells do not count; a column without any other is text."""
    filled = cells[~is_empty(cells)]
    values = filled.unique()
    if not len(values):
        return "text"
    for kind, suffixes in SUFFIXES.items():
        if all(_is_media(value.strip(), kind, suffixes) for value in values):
            return kind
    dates = [value for value in values if value.strip().lower() not in MISSING]
    if dates and all(map(is_date, dates)):  # stops at the first cell that is not a date
        return "date"
    # Long cells cannot be numbers: try the first few before all of them are parsed.
    if not to_numbers(pd.Series(values[:20], dtype=object))[1].any():
        numbers, faults = to_numbers(pd.Series(values, dtype=object))
        if not faults.any() and (numbers != "").any():
            return "number"
    # The values of a category repeat, five times each on average, and are short.
    repeats = len(values) <= min(1000, 0.2 * len(filled))
    return "category" if repeats and max(map(len, values)) <= 64 else "text"


def _is_media(cell: str, kind: str, suffixes: tuple[str, ...]) -> bool:
    """Is a cell the path of a file of a kind, such as a picture, or a data URI of one?"""
    if cell[:11].lower().startswith(f"data:{kind}/"):
        return True
    return len(cell) < 1024 and cell.lower().endswith(suffixes)


def _why_useless(name: str, cells: pd.Series, kind: str) -> str:
    """Why a column cannot help a prediction, as the end of a sentence; '' for a column that may."""
    values = cells.unique()
    if len(values) == 1:
        return f"every row has the same value ({' '.join(values[0][:40].split())!r})"
    if len(values) < len(cells) or kind not in ("text", "number", "category"):
        return ""
    if kind != "number":
        identifies = all(_IDENTIFIER.fullmatch(value) for value in values)
    else:
        # Prices may all differ as well: only whole numbers called an id, or without gaps, identify rows.
        numbers = to_floats(cells)
        whole = bool(np.all(numbers == np.floor(numbers)))  # False where a number is missing
        gapless = whole and numbers.max() - numbers.min() == len(numbers) - 1
        identifies = gapless or (whole and bool(_IDENTIFIER_NAME.search(name)))
    return "every row has a different value, so it only names the row" if identifies else ""
