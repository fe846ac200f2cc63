"""The columns that flags name: --text, --number, …, --kind, --target, --keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import pandas as pd

from mmkeras.config.config import DEFAULTS
from mmkeras.config.data import Data
from mmkeras.data.columns.column import Column, no_column
from mmkeras.data.columns.kind_guess import Values, is_media
from mmkeras.data.columns.kinds import MODALITIES, SUFFIXES
from mmkeras.data.files.alike import alike_but_for_numbers
from mmkeras.data.files.reading import Source
from mmkeras.data.splits.split_names import names_split
from mmkeras.data.targets.label_lists import is_flags
from mmkeras.data.values.distinct import Distinct
from mmkeras.data.values.number_guess import ODD_ALLOWED, evenly, find_numbers
from mmkeras.errors import InputError

SOME: Final = 10_000
"""Cells that tell a column of splits."""
LOOK: Final = 2000
"""Cells that are compared with one another."""
CLASSES: Final = ("auto", "classify")
"""Tasks in which a column of texts that all differ can be no target."""
TARGET_NAMES: Final = ("label", "target", "class", "category", "topic")


def named_inputs(source: Source, data: Data) -> dict[str, str]:
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
    """Flag -> its value, for the flags that name these input columns and no others, as `Table.rows` has their cells."""
    flags: dict[str, tuple[str, ...]] = dict.fromkeys([*map(_flag_of, MODALITIES), "kind", "notation"], ())
    for column in columns:
        if column.kind == "date" and column.notation:
            flags["notation"] = (*flags["notation"], f"{column.name}={column.notation}")
        flag = _flag_of(column.kind)
        flags[flag] = (*flags[flag], column.name if flag != "kind" else f"{column.name}={column.kind}")
    return flags


def choose_targets(source: Source, data: Data, inputs: dict[str, str], task: str) -> tuple[str, ...]:
    """The target columns that the user names, else the guessed one.

    inputs: named input column -> its kind. task: as `--task` names it, or `auto`.
    """
    names = list(source.rows.columns)
    targets = data.target or (_guess_target(source, data, inputs, task),)
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


def _guess_target(source: Source, data: Data, inputs: Iterable[str], task: str) -> str:
    """The first of TARGET_NAMES among the columns that are no inputs, else the last one.

    A column that is nearly constant or names the split is passed over.
    """
    names = list(source.rows.columns)
    free = [name for name in names if name not in set(inputs)]
    if not free:
        raise InputError(f"Every column is named as an input ({', '.join(names)}): none is left as the target.")
    usual = next((name for usual in TARGET_NAMES for name in free if name.casefold() == usual), None)
    if usual:
        return usual
    free = [name for name in free if not names_split(name, source.rows[name].iloc[:SOME].unique().tolist())] or free
    last = next((name for name in reversed(free) if not _nearly_constant(source, name)), free[-1])
    if task in CLASSES and _are_texts(source.rows[last], data):
        # Texts that all differ are no classes: then the only column of classes is meant, wherever it stands.
        classes = [name for name in free if _has_classes(source.rows[name]) and not _nearly_constant(source, name)]
        last = classes[0] if len(classes) == 1 else last
    return last


def _are_texts(cells: pd.Series, data: Data) -> bool:
    """Do most cells of a column differ, and are they no numbers in any notation?"""
    if cells.nunique() <= max(10, len(cells) // 2):
        return False
    some = Distinct.of(cells.iloc[evenly(len(cells), LOOK)])
    return find_numbers(Values.of(some, data, "number").texts) is None


def _has_classes(cells: pd.Series) -> bool:
    """Do few different cells fill a column, as classes do?"""
    is_file = any(is_media(str(cells.iloc[0]), kind) for kind in SUFFIXES)
    return 2 <= cells.nunique() <= max(2, 0.2 * len(cells)) and not is_file


def _nearly_constant(source: Source, name: str) -> bool:
    """Has nearly every row the same cell? Credits and versions are no target, unless named."""
    cells = source.rows[name]
    counts = cells.value_counts()
    if len(counts) > 1 and is_flags(cells):
        return False  # few cases of a rare event
    constant = len(counts) == 0 or counts.iloc[0] >= (1 - ODD_ALLOWED) * len(cells)
    return bool(constant) or alike_but_for_numbers(cells.iloc[evenly(len(cells), LOOK)])
