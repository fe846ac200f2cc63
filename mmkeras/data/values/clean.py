"""The cells of a column as `Table.rows` has them, by the column's reading: kind, notation, missing marks."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pandas as pd

from mmkeras.data.columns.column import Column
from mmkeras.data.columns.kind_guess import is_media
from mmkeras.data.columns.kinds import SUFFIXES
from mmkeras.data.dates.calendar import ISO, no_date, read_date
from mmkeras.data.targets.label_lists import labels_in
from mmkeras.data.targets.target_kinds import KINDS
from mmkeras.data.values.cells import LABEL_SIGN, one_line, split_labels
from mmkeras.data.values.distinct import Distinct, cells_of
from mmkeras.data.values.identity import spelled_alike, usual_spellings
from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.number_guess import ODD_ALLOWED, NumberReading, find_numbers, read_numbers
from mmkeras.data.values.numbers import parse_notation

Cleaned = tuple[pd.Series, np.ndarray]
"""The cells, '' where one is missing or odd, and bool [n], the odd ones: neither missing nor of the column's kind."""


def clean(cells: pd.Series, column: Column, notes: list[str] | None = None) -> Cleaned:
    """The cells of a column, each '' or of the column's kind, and the odd ones.

    Numbers are in Python's notation; dates as they are written, without white space around them; categories without
    white space, and in one spelling; texts as they are; targets folded as their kind says. notes: gets a sentence where
    numbers are written in another notation than the column's.
    """
    keeps = _keeps_cells(column)
    distinct = Distinct.of(cells_of(cells) if keeps else cells.to_numpy())
    return spread(cells, distinct, column, *clean_distinct(distinct, column, notes))


def spread(cells: pd.Series, distinct: Distinct, column: Column, texts: list[str], odd: np.ndarray) -> Cleaned:
    """As `clean`, of what `clean_distinct` returns."""
    if _keeps_cells(column):
        absent = distinct.spread(np.array([text == "" for text in texts], dtype=bool))
        return cells.mask(absent, "") if absent.any() else cells, distinct.spread(odd)
    return pd.Series(distinct.spread(texts), cells.index, dtype=object), distinct.spread(odd)


def _keeps_cells(column: Column) -> bool:
    """Do the cells of a column stay as they are, with their white space, but for missing ones?"""
    return column.role != "target" and column.kind not in ("number", "date", "category")


def whole(cells: pd.Series, distinct: Distinct, column: Column) -> Distinct:
    """The different cells as they are, where the column's own are what its rows get."""
    return Distinct.of(cells.to_numpy()) if distinct.shortened and not _keeps_cells(column) else distinct


def clean_distinct(cells: Distinct, column: Column, notes: list[str] | None = None) -> tuple[list[str], np.ndarray]:
    """As `clean`, for each different cell: its text and whether it is odd, bool [k]."""
    kind = column.kind if column.kind in ("number", "date") else "category"
    missing = are_missing(cells.texts, marks_of(column.missing, column.not_missing, kind), kind)
    texts = ["" if is_absent else text for text, is_absent in zip(cells.texts, missing, strict=True)]
    odd = np.zeros(len(texts), dtype=bool)
    if column.kind in ("number", "date") or (column.kind in SUFFIXES and not column.given):
        present = np.flatnonzero(~missing)
        values = [texts[i] for i in present]
        read, odd[present] = _read(values, column, notes)
        for i, text in zip(present, read, strict=True):
            texts[i] = text
    elif column.role == "target":
        texts = _targets(texts, cells.rows, column)
    elif column.kind == "category":
        texts = spelled_alike(texts, usual_spellings(_counted(texts, cells.rows)))
    return texts, odd


def _read(values: list[str], column: Column, notes: list[str] | None) -> tuple[list[str], np.ndarray]:
    """Values of numbers, dates or files, '' for an odd one, and bool [n], the odd ones."""
    if column.kind == "number":
        reading = number_reading(values, column)
        if notes is not None and reading.notation != column.notation:
            notes.append(_other_notation(reading.notation, column))
        return reading.plain, reading.odd
    if column.kind == "date":
        is_odd = [read_date(value, column.notation or ISO) is None for value in values]
    else:
        is_odd = [not is_media(value, column.kind) for value in values]
    return ["" if o else value for value, o in zip(values, is_odd, strict=True)], np.array(is_odd, dtype=bool)


def _counted(texts: list[str], rows: np.ndarray) -> Counter[str]:
    """The rows of each text; several cells may have become one text."""
    counts = Counter[str]()
    for text, count in zip(texts, rows.tolist(), strict=True):
        counts[text] += count
    return counts


def _targets(texts: list[str], rows: np.ndarray, column: Column) -> list[str]:
    """Classes and labels, white space folded, each value in one spelling; texts."""
    if column.kind == "labels":
        folded = [labels_in(text, column.notation, column.name) for text in texts]
        pairs = [(label, count) for text, count in zip(folded, rows, strict=True) for label in split_labels(text)]
        usual = usual_spellings(_counted([label for label, _ in pairs], np.array([c for _, c in pairs], dtype=int)))
        return [LABEL_SIGN.join(spelled_alike(split_labels(text), usual)) or text for text in folded]
    folded = [KINDS[column.kind].fold(text) for text in texts]
    if column.kind != "category":
        return folded
    return spelled_alike(folded, usual_spellings(_counted(folded, rows)))


def number_reading(values: list[str], column: Column, settled: bool = False) -> NumberReading:
    """The values by the column's notation; by a notation of their own where that reads more of them.

    A file to predict may come from another program than the file that the model was trained on. settled: the column's
    notation is that of the file.
    """
    reading = read_numbers(values, parse_notation(column.notation, column.name))
    if not settled and reading.odd.sum() > ODD_ALLOWED * len(values):
        other = find_numbers(values)
        if other and other.odd.sum() < reading.odd.sum():
            return other
    return reading


def notation_of(cells: pd.Series, column: Column, notes: list[str]) -> str:
    """The notation that `clean` reads a column of numbers by. notes: as of `clean`."""
    present, _ = _present(Distinct.of(cells.to_numpy()), column)
    reading = number_reading(present, column)
    if reading.notation != column.notation:
        notes.append(_other_notation(reading.notation, column))
    return reading.notation


def clean_numbers(cells: pd.Series, column: Column, notation: str) -> Cleaned:
    """As `clean`, of some cells of a column of numbers whose notation is settled."""
    distinct = Distinct.of(cells.to_numpy())
    values, places = _present(distinct, column)
    reading = number_reading(values, dataclasses.replace(column, notation=notation), settled=True)
    texts, odd = [""] * len(distinct.texts), np.zeros(len(distinct.texts), dtype=bool)
    odd[places] = reading.odd
    for i, text in zip(places.tolist(), reading.plain, strict=True):
        texts[i] = text
    return spread(cells, distinct, column, texts, odd)


def _present(cells: Distinct, column: Column) -> tuple[list[str], np.ndarray]:
    """The different cells of a column of numbers that are not missing, and their places."""
    missing = are_missing(cells.texts, marks_of(column.missing, column.not_missing, "number"), "number")
    places = np.flatnonzero(~missing)
    return [cells.texts[i] for i in places], places


def _other_notation(notation: str, column: Column) -> str:
    written = f"written {notation!r}" if notation else "in plain notation"
    return f"Column {column.name!r} is read as numbers {written}, not {column.notation or '1234.56'!r}."


def fault(cell: str, column: Column) -> str:
    """What is odd about a cell, as a reason."""
    if column.kind == "number":
        written = f" such as {column.notation}" if column.notation else ""
        return f"expected a number{written}, received {one_line(cell)!r}"
    if column.kind == "date":
        return no_date(one_line(cell), column.notation or ISO)
    return f"expected a file of the kind {column.kind}, received {one_line(cell)!r}"
