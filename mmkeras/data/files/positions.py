"""The columns of a file without a header, for a model whose columns have names."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from mmkeras.data.files.csv_columns import MADE_UP
from mmkeras.data.files.source import Source
from mmkeras.errors import InputError

_MADE_UP = re.compile(MADE_UP.format(r"\d+"))


def name_by_position(source: Source, inputs: Sequence[str]) -> Source:
    """The source with the names of the input columns, where it has no header and exactly these columns.

    inputs: names of the model's input columns, in the order of the table that it was trained on.
    Raises InputError where the columns of a file without a header cannot be told.
    """
    names = list(source.rows.columns)
    if source.named or source.format != "CSV":
        return source
    if len(names) == len(inputs):
        if names == list(inputs):
            return source
        frame = source.rows.set_axis(list(inputs), axis=1)
        note = f"Without a header, the columns are taken in their order as {', '.join(map(repr, inputs))}."
        return dataclasses.replace(source, rows=frame, notes=(*source.notes, note))
    if all(map(_MADE_UP.fullmatch, inputs)) and set(inputs) <= set(names):
        return source  # the model was trained on a file without a header, too
    raise InputError(
        f"{source.path}: it has no header and {len(names)} columns, which cannot be told apart; expected a first line "
        f"with the names {', '.join(map(repr, inputs))}, or these columns alone in this order."
    )


def no_header_hint(source: Source, columns: Sequence[str]) -> str:
    """The end of the error for an absent column: how to read a file without a header; '' where that is not it."""
    if source.named and source.format == "CSV" and not set(columns) & set(source.rows.columns):
        return " If its first line is a row, give --no-header."
    return ""
