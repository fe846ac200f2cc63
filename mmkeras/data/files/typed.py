"""Columns that a file or a frame holds as numbers or dates: their notation is known, and is no guess.

A model may have learned from cells such as 1.234,56 and 26.11.2026. The number 1.234 and the dates of a frame or of
Parquet are written so before such a model reads them: else it would take 1.234 for a thousand.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Final

import pandas as pd

from mmkeras.data.columns.column import Column
from mmkeras.data.dates.calendar import ISO
from mmkeras.data.dates.write import write_date
from mmkeras.data.files.source import Source
from mmkeras.data.values.numbers import parse_notation
from mmkeras.errors import BadCell

PLAIN_EXAMPLE: Final = "1234.56"
_LIKE_THOUSANDS: Final = re.compile(r"-?\d{1,3}(\.\d{3})+")


def plain_notations(source: Source, given: Iterable[str]) -> tuple[str, ...]:
    """--notation for the typed columns whose numbers, such as 1.234, look like thousands; for none of `given`."""
    known = {pair.partition("=")[0] for pair in given}
    names = [name for name in source.rows.columns if name in source.typed and name not in known and "=" not in name]
    unclear = [name for name in names if any(map(_LIKE_THOUSANDS.fullmatch, source.rows[name]))]
    return tuple(f"{name}={PLAIN_EXAMPLE}" for name in unclear)


def as_written(source: Source, columns: Iterable[Column]) -> pd.DataFrame:
    """The rows, with typed columns as the model's columns of the same names write numbers and dates."""
    written = {}
    for column in columns:
        if column.name not in source.typed or not column.notation:
            continue
        if column.kind == "number" and (sign := parse_notation(column.notation).decimal) != ".":
            written[column.name] = [cell.replace(".", sign) for cell in source.rows[column.name]]
        if column.kind == "date" and column.notation != ISO:
            written[column.name] = [_date(cell, column.notation) for cell in source.rows[column.name]]
    return source.rows.assign(**written) if written else source.rows


def _date(cell: str, notation: str) -> str:
    """A date of ISO 8601 in another notation; other cells, and dates that it cannot write, as they are."""
    try:
        kind = datetime.date if len(cell) == len(ISO) else datetime.datetime
        return write_date(kind.fromisoformat(cell), notation)
    except (ValueError, BadCell):
        return cell
