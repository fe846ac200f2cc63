"""A pandas DataFrame -> rows of strings, as if it had been read from a file."""

from __future__ import annotations

import datetime
import os
from collections.abc import Collection, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mmkeras.data.files.csv_columns import column_names
from mmkeras.data.files.source import Source
from mmkeras.data.values.python_cell import Converter, is_missing, is_number, python_cell
from mmkeras.errors import BadCell, InputError
from mmkeras.system.progress import Log

SHOWN: Final = 5  # names in a note


def frame_source(
    frame: pd.DataFrame, path: str, in_memory: Converter | None = None, needed: Collection[str] = ()
) -> Source:
    """A frame's columns as strings, by the values alone: dtypes, categories and the index change nothing.

    path: where the table will lie, or a name for messages. in_memory: makes a cell of what is none, such as a picture
    or a clip; it raises BadCell for anything else, and the column is left out with a note. needed: columns that
    cannot be left out.
    Raises InputError for a frame without rows or columns, for columns with one name, and for a needed column that
    holds what is no cell.
    """
    names = _names(frame, path)
    if not len(frame):
        raise InputError(f"{path}: it has columns ({', '.join(names)}) but no rows.")
    notes: list[str] = []
    cells: dict[str, list[str]] = {}
    left_out: dict[str, str] = {}
    typed = set[str]()
    for k, name in enumerate(names):
        values = _values(frame.iloc[:, k])
        try:
            cells[name] = _cells(values, in_memory)
        except _BadRow as error:
            if name in needed:
                raise InputError(f"{path}: column {name!r}, {error}") from None
            left_out[name] = str(error)
            continue
        if _are_typed(values):
            typed.add(name)
            cells[name] = _without_midnight(cells[name])
        if any(isinstance(value, datetime.timedelta) for value in values):
            notes.append(f"Column {name!r} holds durations: its cells are their seconds.")
    notes += [f"Column {name!r} is left out: {reason}" for name, reason in left_out.items()]
    if not cells:
        raise InputError(f"{path}: no column of the frame can be used. {' '.join(notes)}")
    rows = pd.DataFrame(cells, dtype=object)
    lines = np.arange(1, len(rows) + 1, dtype=np.int64)
    return Source(path, "utf-8", "", rows, lines, (), tuple(notes), "DataFrame", typed=frozenset(typed))


def _without_midnight(cells: list[str]) -> list[str]:
    """Dates whose times of day are all midnight, as pandas has days: without them."""
    if any(cell and not cell.endswith(" 00:00") for cell in cells):
        return cells
    return [cell.removesuffix(" 00:00") for cell in cells]


class _BadRow(ValueError):
    """A cell of a column that cannot be used; the message names its row."""


def _names(frame: pd.DataFrame, path: str) -> list[str]:
    """The columns' names as texts, white space folded. Raises InputError for names that are absent or equal."""
    if not len(frame.columns):
        raise InputError(f"{path}: the frame has no columns.")
    if isinstance(frame.columns, pd.MultiIndex):
        texts = [" ".join(str(part) for part in name if str(part)) for name in frame.columns]
    else:
        texts = [str(name) for name in frame.columns]
    names = column_names(texts, path, "utf-8")
    for k, name in enumerate(names):
        if name in names[:k]:
            raise InputError(
                f"{path}: columns {names.index(name) + 1} and {k + 1} of the frame are both named {name!r}. Rename one."
            )
        if not name:
            raise InputError(f"{path}: column {k + 1} of the frame has no name. Give it one.")
    return names


def index_note(frame: pd.DataFrame) -> list[str]:
    """A sentence where the index may hold something: it has a name, or does not number the rows."""
    index = frame.index
    if isinstance(index, pd.RangeIndex) or (index.name is None and pd.api.types.is_integer_dtype(index.dtype)):
        return []
    what = ", ".join(repr(str(name)) for name in index.names if name is not None)
    return [f"The index{' ' * bool(what)}{what} is no column and is left out; frame.reset_index() makes it one."]


def _values(column: pd.Series) -> list[Any]:
    """A column's values as Python holds them; floats of NumPy keep their type, for their digits."""
    if isinstance(column.dtype, pd.SparseDtype):
        return list(np.asarray(column))
    if column.dtype == "float32" or column.dtype == "float16":
        return list(column.to_numpy())
    return list(column.astype(object))


def _cells(values: Sequence[Any], in_memory: Converter | None) -> list[str]:
    """Raises _BadRow for a value that is no cell."""
    cells = []
    known: dict[Any, str] = {}  # of texts and numbers, which repeat
    for row, value in enumerate(values, 1):
        try:
            if isinstance(value, str):
                cells.append(value)
            elif isinstance(value, float | int):
                key = (type(value), value)
                if key not in known:
                    known[key] = _cell(value, None)
                cells.append(known[key])
            else:
                cells.append(_cell(value, in_memory))
        except BadCell as error:
            raise _BadRow(f"row {row}: {error}") from None
    return cells


def _cell(value: Any, in_memory: Converter | None) -> str:
    try:
        return python_cell(value)
    except BadCell:
        if isinstance(value, float):  # as in a CSV, where inf is no number
            return str(value)
        if in_memory is None:
            raise
        return in_memory(value)


def _are_typed(values: Sequence[Any]) -> bool:
    """Are all values that are present numbers, or all of them dates: cells whose notation is known?"""
    present = [value for value in values if not is_missing(value)]
    return bool(present) and (
        all(is_number(value) for value in present)
        or all(isinstance(value, datetime.date | np.datetime64) for value in present)
    )


def names_paths(frame: pd.DataFrame, log: Log) -> bool:
    """Does a frame have cells that are pathlib paths, the program's own word? They may lie anywhere; a line says so."""
    objects = [k for k, dtype in enumerate(frame.dtypes) if dtype.kind == "O"]
    columns = [frame.columns[k] for k in objects if any(map(_is_path, frame.iloc[:, k]))]
    if columns:
        log(f"{', '.join(map(str, columns))}: a pathlib.Path may lie in any folder (allow_outside=True)")
    return bool(columns)


def _is_path(value: Any) -> bool:
    return isinstance(value, os.PathLike)
