"""The columns of a parsed file: their names, and those that are left out, joined or named here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Final

from mmkeras.data.encoding.charset import UNDECODABLE
from mmkeras.data.files.csv_cells import Column
from mmkeras.data.files.csv_records import filled
from mmkeras.errors import InputError

MADE_UP: Final = "column {}"
"""Name of a column without one, by its place from 1."""

_UNNAMED: Final = re.compile(r"Unnamed: \d+")
"""What pandas calls a column without a name."""
_FEW: Final = 0.1
"""Up to this share of the rows may hold text that ran over into columns without a name."""


def column_names(record: Sequence[str], where: str, encoding: str) -> list[str]:
    """The names in a header, white space folded; '' for a column without one.

    where: begins the error, such as `a.csv: line 1`.
    Raises InputError for names that are no text, and where there are none.
    """
    names = [" ".join(name.replace("\ufeff", "").split()) for name in record]
    if not any(names):
        raise InputError(f"{where}: expected a header and rows, but the file holds no text.")
    if any(sign in name for name in names for sign in (UNDECODABLE, "\0")):
        raise InputError(f"{where}: the column names cannot be read as {encoding}. Give the right --encoding.")
    return names


def name_columns(
    names: list[str], columns: list[Column], delimiter: str, where: str, row_names: bool
) -> tuple[list[str], list[Column], list[str]]:
    """Names and cells with a name for every column that stays, and sentences on the others.

    columns: the cells of each. row_names: the header has no name for the first column.
    Raises InputError where two columns that differ have one name.
    """
    notes: list[str] = []
    if row_names:
        names = ["", *names]
    if any(not name or _UNNAMED.fullmatch(name) for name in names):
        names, columns = _tidy_unnamed(names, columns, delimiter, notes)
    if len(set(names)) < len(names):
        names, columns = _drop_copies(names, columns, where, notes)
    return names, columns, notes


def _tidy_unnamed(
    names: list[str], columns: list[Column], delimiter: str, notes: list[str]
) -> tuple[list[str], list[Column]]:
    """Leave out unnamed columns that hold nothing or number the rows; join what ran over; name the rest."""
    unnamed, rows = [i for i, name in enumerate(names) if not name or _UNNAMED.fullmatch(name)], len(columns[0])
    end = max((i for i in range(len(names)) if i not in unnamed), default=len(names) - 1) + 1
    over = [i for i, cells in enumerate(zip(*columns[end:], strict=True)) if filled(cells)] if end < len(names) else []
    if over and len(over) <= _FEW * rows:
        columns = [*columns[: end - 1], *(column[:] for column in columns[end - 1 :])]
        for i in over:
            joined = delimiter.join(column[i] for column in columns[end - 1 :]).rstrip(delimiter + " ")
            for column, cell in zip(columns[end - 1 :], [joined, *[""] * (len(names) - end)], strict=True):
                column[i] = cell
        notes.append(
            f"In {len(over)} row{'s' * (len(over) > 1)} the text of column {names[end - 1]!r} runs over into the "
            f"columns without a name behind it; it is joined with {delimiter!r}."
        )
    empty = [i for i in unnamed if not any(cell.strip() for cell in columns[i])]
    if empty and rows:
        notes.append(
            f"{len(empty)} column{'s' * (len(empty) > 1)} without a name {'hold' if len(empty) > 1 else 'holds'} "
            f"nothing and {'are' if len(empty) > 1 else 'is'} left out."
        )
    dropped = set(empty) if rows else set()
    if not names[0] and 0 not in dropped and len(names) > 1 and numbers_rows(columns[0]):
        dropped.add(0)
        notes.append(
            "The first column, which has no name, numbers the rows as pandas and R do; it is left out. To use it, "
            "give it a name."
        )
    kept = [i for i in range(len(names)) if i not in dropped]
    made_up = {i: MADE_UP.format(i + 1) for i in kept if not names[i]}
    if made_up:
        notes.append(f"A column without a name is called {', '.join(map(repr, made_up.values()))}.")
    return [made_up.get(i, names[i]) for i in kept], [columns[i] for i in kept]


def numbers_rows(cells: Column) -> bool:
    """Whether the cells of a first column without a name number the rows: whole numbers, different or running."""
    if not len(cells) or not all(cell.isdecimal() and len(cell) <= 18 for cell in cells):
        return False
    numbers = list(map(int, cells))
    running = sum(b == a + 1 for a, b in itertools.pairwise(numbers))
    return len(set(numbers)) == len(numbers) or running >= 0.9 * (len(numbers) - 1)


def _drop_copies(
    names: list[str], columns: list[Column], where: str, notes: list[str]
) -> tuple[list[str], list[Column]]:
    """Leave out columns that repeat a column of the same name. Raises InputError where they differ."""
    copies = []
    for i, name in enumerate(names):
        first = names.index(name)
        if first < i:
            if not len(columns[i]) or any(a != b for a, b in zip(columns[first], columns[i], strict=True)):
                raise InputError(
                    f"{where}: columns {first + 1} and {i + 1} are both named {name!r}. Rename one, or give "
                    "--no-header if this line is a row."
                )
            copies.append(i)
            notes.append(f"Column {i + 1} repeats column {first + 1}, {name!r}, and is left out.")
    kept = [i for i in range(len(names)) if i not in copies]
    return [names[i] for i in kept], [columns[i] for i in kept]
