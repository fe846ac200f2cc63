"""What is odd, missing or doubtful in the columns that are used, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from mmkeras.data.columns.column import Column
from mmkeras.data.columns.kind_guess import Reading
from mmkeras.data.dates.calendar import ISO
from mmkeras.data.values.cells import one_line
from mmkeras.data.values.distinct import Distinct
from mmkeras.data.values.identity import joined, usual_spellings
from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.numbers import PLAIN

SHOWN: Final = 3
"""Largest number of odd cells that a note shows."""
MOST_NOTES: Final = 20
"""Largest number of columns with a note of their own."""


def column_notes(
    columns: Sequence[Column], cells: Mapping[str, Distinct], readings: Mapping[str, Reading]
) -> list[str]:
    """A note on each column that needs one, for the first MOST_NOTES of them."""
    sentences = (" ".join(_sentences(column, cells[column.name], readings[column.name])) for column in columns)
    notes = [note for note in sentences if note]
    more = len(notes) - MOST_NOTES
    return notes if more <= 0 else [*notes[:MOST_NOTES], f"{more:,} more columns have odd or missing cells."]


def _sentences(column: Column, cells: Distinct, reading: Reading) -> Iterator[str]:
    name, is_read_so = column.name, column.kind == reading.kind
    if column.kind in ("number", "date") and is_read_so:
        yield from _notation(name, reading)
    if column.kind == "text" and is_read_so and reading.doubtful and not column.given and column.role != "target":
        yield f"Column {name!r} is read as text; {reading.doubtful}. To change it: {reading.remedy}."
    if reading.odd and is_read_so:
        shown = ", ".join(f"{rows:,} × {one_line(cell)!r}" for cell, rows in list(reading.odd.items())[:SHOWN])
        more = ", …" if len(reading.odd) > SHOWN else ""
        what = {"number": "no number", "date": "no date"}.get(column.kind, f"no {column.kind} file")
        are, effect = ("is", "it counts as missing") if column.odd == 1 else ("are", "they count as missing")
        yield f"In column {name!r} {column.odd:,} of {len(cells.codes):,} cells {are} {what} ({shown}{more}): {effect}."
    if reading.sentinels and column.kind == "number":
        marks = ", ".join(map(repr, reading.sentinels))
        yield (
            f"In column {name!r} {marks} lies far from all other numbers and repeats: it counts as missing. If it is a "
            f"number, say so: --not-missing {' '.join(reading.sentinels)}."
        )
    if reading.far and column.kind == "number":
        shown = ", ".join(map(repr, reading.far[:SHOWN])) + (", …" if len(reading.far) > SHOWN else "")
        one = "lies so far from all other numbers that it does"
        one = one if len(reading.far) == 1 else "lie so far from all other numbers that they do"
        yield f"In column {name!r} {shown} {one} not set the scale."
    if column.kind == "category" and (spelled := _joined(cells)):
        yield f"In column {name!r} spellings of one value are one: {spelled}."
    if counted := missing_marks(cells, column):
        yield f"In column {name!r} {counted}. If one is a value, say so: --not-missing MARK."


def _notation(name: str, reading: Reading) -> Iterator[str]:
    """How the numbers or dates are written, where it is not the usual way or doubtful."""
    written = "" if reading.notation in (PLAIN, ISO) else f" written {reading.notation!r}"
    if written or reading.doubtful:
        doubt = f"; {reading.doubtful}" if reading.doubtful else ""
        other = f" To change it: {reading.remedy}." if doubt else ""
        yield f"Column {name!r} is read as {reading.kind}s{written}{doubt}.{other}"


def _joined(cells: Distinct) -> str:
    """Values that have several spellings: `'1.0' is '1'`."""
    others = joined(cells.texts, usual_spellings(dict(zip(cells.texts, cells.rows.tolist(), strict=True))))
    shown = [f"{other!r} is {usual!r}" for usual, spellings in others.items() for other in spellings]
    return ", ".join(shown[:SHOWN]) + (", …" if len(shown) > SHOWN else "")


def missing_marks(cells: Distinct, column: Column) -> str:
    """The marks of missing values that stand in a column, other than sentinels: `3 cells are marks … ('NA')`."""
    kind = column.kind if column.kind in ("number", "date") else "category"
    missing = are_missing(cells.texts, marks_of((), column.not_missing, kind), kind)
    found = {cells.texts[i]: int(cells.rows[i]) for i in np.flatnonzero(missing) if cells.texts[i]}
    if not found:
        return ""
    usual = sorted(found, key=lambda mark: -found[mark])
    shown = ", ".join(map(repr, usual[:SHOWN])) + (", …" if len(usual) > SHOWN else "")
    total = sum(found.values())
    return f"{total:,} {'cell is a mark' if total == 1 else 'cells are marks'} of a missing value ({shown})"
