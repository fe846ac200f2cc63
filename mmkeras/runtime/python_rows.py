"""Rows as Python has them, column -> value, -> cells by column as the `cells` modules read them. Without pandas."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mmkeras.data.columns.column import Column, near_name
from mmkeras.data.dates.calendar import ISO
from mmkeras.data.values.python_cell import is_missing, is_number, python_cell, type_in_words
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.errors import BadCell, InputError
from mmkeras.graph import InputSpec, columns_in
from mmkeras.modalities import cells_of, names_files, objects_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import columns_of, read_cells

Row = Mapping[Any, Any]
PASSED_BY: Final = ("mmkeras", "contextlib")  # modules between a warning and the line that calls the model


def column_specs(inputs: Sequence[InputSpec]) -> dict[str, InputSpec]:
    """Column -> the part of an input that says how its cells are read; of blocks too."""
    return {str(part["column"]): part for spec in columns_of(inputs) for part in columns_in(spec)}


def as_row(row: Any, columns: Mapping[str, InputSpec]) -> Row:
    """A row as column -> value. A text alone is a cell of the only text column.

    Raises InputError for a text where there is not one text column, and for what is no row.
    """
    if isinstance(row, Mapping):
        named = all(isinstance(name, str) for name in row)
        return row if named else {str(name): value for name, value in row.items()}  # as of a frame
    if isinstance(row, str):
        texts = [name for name, spec in columns.items() if spec["kind"] == "text"]
        if len(texts) != 1:
            raise InputError(
                f"Expected a row, {{column: value}}: a text alone is for a model with one text column; this one has "
                f"{', '.join(map(repr, texts)) or 'none'}. Columns: {', '.join(columns)}."
            )
        return {texts[0]: row}
    if type(row).__name__ == "Series" and hasattr(row, "to_dict"):  # a row of a DataFrame, which is not imported here
        return {str(name): value for name, value in row.to_dict().items()}
    hint = " Of a DataFrame: model.predict(frame)." if type(row).__name__ == "DataFrame" else ""
    raise InputError(
        f"Expected a row, {{column: value}}, received {type_in_words(row)}.{hint} Columns: {', '.join(columns)}."
    )


def cells_of_rows(
    rows: Sequence[Row], inputs: Sequence[InputSpec], folder: str | Path, ignored: Sequence[str] = ()
) -> dict[str, list[Any]]:
    """Column -> a cell a row, '' for a missing one: as a table has them, or a picture or clip in memory.

    folder: relative paths start here. ignored: names that are no columns of the model and no mistake, such as the
    target's. Warns of other columns in a row that has all of the model's, as a row of the table does.
    Raises InputError for unknown columns in a row that lacks one, and for values that are no cell.
    """
    columns = column_specs(inputs)
    for row in rows:
        check_names(row, columns, ignored)
    return {name: [cell_of(row.get(name), spec, folder) for row in rows] for name, spec in columns.items()}


def check_names(row: Row, columns: Mapping[str, InputSpec], ignored: Sequence[str]) -> None:
    """Raise InputError for a column that the model does not have, where it may be one of the model's misspelt.

    A row that has all columns of the model has none misspelt: of others a warning says that they are not read.
    """
    unknown = [name for name in row if name not in columns and name not in ignored]
    if unknown and columns and all(name in row for name in columns):
        names = ", ".join(map(repr, unknown))
        warnings.warn(f"{names}: not read; the columns of the model are {', '.join(columns)}.", stacklevel=_to_caller())
    elif unknown:
        near = near_name(str(unknown[0]), list(columns))
        hint = f" Did you mean {near!r}?" if near else ""
        raise InputError(f"{unknown[0]!r}: the model has no such column.{hint} Columns: {', '.join(columns)}.")


def _to_caller() -> int:
    """How many frames the line that calls the model is above the function that warns."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).partition(".")[0] in PASSED_BY:
        level, frame = level + 1, frame.f_back
    return level


def cell_of(value: Any, spec: InputSpec, folder: str | Path) -> Any:
    """One value as a cell of a column. A pathlib.Path is the program's own word: it may lie anywhere.

    Raises InputError for a value that is no cell of the column.
    """
    try:
        if is_missing(value):
            return ""
        if isinstance(value, str):
            return read_raw(value, Column.read_as(spec))
        if names_files(spec["kind"]) and isinstance(value, os.PathLike):
            return cells_of(spec["kind"]).read(os.fspath(value), spec, MediaRoot(str(folder), allow_outside=True))
        if names_files(spec["kind"]):
            return objects_of(spec["kind"]).from_object(value)
        if spec["kind"] == "number" and not is_number(value):  # a date, True: no number as a cell of a table, too
            return read_raw(python_cell(value), Column(str(spec["column"]), "number", "input"))
        return python_cell(value, spec.get("notation") or ISO if spec["kind"] == "date" else ISO)
    except BadCell as error:
        raise InputError(f"{named(str(spec['column']), value)}: {in_python(str(error))}") from None


def values_of_rows(
    rows: Sequence[Row], cells: Mapping[str, Sequence[Any]], inputs: Sequence[InputSpec], root: MediaRoot
) -> dict[str, list[Any]]:
    """The values of the cells, by input. Raises InputError for a cell that cannot be read."""
    values, faults = read_cells(cells, inputs, root, len(rows))
    if faults:
        row, column, reason = faults[0]
        where = f"row {row + 1}, " if len(rows) > 1 else ""
        raise InputError(f"{where}{named(column, rows[row].get(column))}: {in_python(reason)}")
    return values


def in_python(message: str) -> str:
    """A sentence on a path with the arguments of Python in place of the flags of the command line."""
    message = message.replace("at the CSV's folder, or at --media-root", "at the current folder, or at media_root=…")
    message = message.replace("or allow it with --allow-outside", "allow it with allow_outside=True, or give a Path")
    return message.replace("--media-root", "media_root=")


def named(column: str, value: Any) -> str:
    """A column and its value for a message, the value cut short; of what is no text the message has the type."""
    if not isinstance(value, str | int | float | os.PathLike):
        return column
    text = repr(str(value))
    return f"{column} {text if len(text) <= 80 else text[:77] + '…' + text[-1]}"
