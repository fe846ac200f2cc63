"""The cells of a column as `Table.rows` has them, by the column's reading: kind, notation, missing marks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmkeras.data.cells import LABEL_SIGN, one_line, split_labels
from mmkeras.data.columns import Column
from mmkeras.data.dates import ISO, no_date, read_date
from mmkeras.data.identity import spelled_alike, usual_spellings
from mmkeras.data.kind_guess import is_media
from mmkeras.data.kinds import SUFFIXES
from mmkeras.data.label_lists import labels_in
from mmkeras.data.missing import is_missing, marks_of
from mmkeras.data.number_guess import NumberReading, find_numbers, read_numbers
from mmkeras.data.numbers import parse_notation
from mmkeras.data.target_kinds import KINDS

Cleaned = tuple[pd.Series, np.ndarray]
"""The cells, '' where one is missing or odd, and bool [n], the odd ones: neither missing nor of the column's kind."""


def clean(cells: pd.Series, column: Column) -> Cleaned:
    """The cells of a column, each '' or of the column's kind, and the odd ones.

    Numbers are in Python's notation; dates as they are written, without white space around them; categories without
    white space, and in one spelling; texts as they are; targets folded as their kind says.
    """
    kind = column.kind if column.kind in ("number", "date") else "category"
    missing = is_missing(cells, marks_of(column.missing, column.not_missing, kind), kind)
    cells, no_odd = cells.mask(missing, ""), np.zeros(len(cells), dtype=bool)
    if column.kind == "number":
        return _numbers(cells, column, missing)
    if column.kind == "date":
        return _dates(cells, column, missing)
    if column.role == "target":
        return _targets(cells, column), no_odd
    if column.kind == "category":
        cells = cells.str.strip()
        return pd.Series(spelled_alike(cells, usual_spellings(cells)), cells.index, dtype=object), no_odd
    if column.kind in SUFFIXES and not column.given:
        odd = ~missing & np.array([not is_media(cell.strip(), column.kind) for cell in cells], dtype=bool)
        return cells.mask(odd, ""), odd
    return cells, no_odd


def _targets(cells: pd.Series, column: Column) -> pd.Series:
    """Classes and labels, white space folded, each value in one spelling; texts."""
    if column.kind == "labels":
        folded = cells.map({cell: labels_in(cell, column.notation, column.name) for cell in cells.unique()})
        usual = usual_spellings(label for cell in folded for label in split_labels(cell))
        return folded.map(lambda cell: LABEL_SIGN.join(spelled_alike(split_labels(cell), usual)) or cell)
    folded = cells.map(KINDS[column.kind].fold)
    if column.kind != "category":
        return folded
    return pd.Series(spelled_alike(folded, usual_spellings(folded)), folded.index, dtype=object)


def _numbers(cells: pd.Series, column: Column, missing: np.ndarray) -> Cleaned:
    stripped = cells.str.strip()
    values = [str(text) for text in stripped[~missing].unique()]
    plain = dict(zip(values, number_reading(values, column).plain, strict=True))
    cleaned = stripped.map({**plain, "": ""}).fillna("")
    return cleaned, ~missing & (cleaned == "").to_numpy(dtype=bool)


def number_reading(values: list[str], column: Column) -> NumberReading:
    """The values by the column's notation; by a notation of their own where it reads few of them and that one most.

    A file to predict may come from another program than the file that the model was trained on.
    """
    reading = read_numbers(values, parse_notation(column.notation, column.name))
    if 2 * reading.odd.sum() > len(values):
        return find_numbers(values) or reading
    return reading


def _dates(cells: pd.Series, column: Column, missing: np.ndarray) -> Cleaned:
    stripped = cells.str.strip()
    odd = np.array([bool(cell) and read_date(cell, column.notation or ISO) is None for cell in stripped], dtype=bool)
    return stripped.mask(odd, ""), odd & ~missing


def fault(cell: str, column: Column) -> str:
    """What is odd about a cell, as a reason."""
    if column.kind == "number":
        written = f" such as {column.notation}" if column.notation else ""
        return f"expected a number{written}, received {one_line(cell)!r}"
    if column.kind == "date":
        return no_date(one_line(cell), column.notation or ISO)
    return f"expected a file of the kind {column.kind}, received {one_line(cell)!r}"
