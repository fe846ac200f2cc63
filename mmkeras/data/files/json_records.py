"""JSON lines, and JSON files with an array of objects or the layouts that pandas writes -> rows of strings."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mmkeras.data.files.source import BadRow, Source
from mmkeras.data.values.cells import LABEL_SIGN
from mmkeras.errors import InputError


class _Whole(str):
    """A whole number, as it is written."""

    __slots__ = ()


class _Fraction(str):
    """A number with a decimal point, as it is written."""

    __slots__ = ()


# Numbers stay as they are written: no digit is lost, and 1.0 stays 1.0.
_DECODER: Final = json.JSONDecoder(parse_int=_Whole, parse_float=_Fraction, parse_constant=str)
_NOT_JSON: Final = object()
_MOST_NUMBERS: Final = 50

Row = tuple[int, Any]
"""The line or number of a row, from 1, and its value."""


def read_json(text: str, encoding: str, path: str) -> Source | None:
    """The rows of a JSON file; None if the text is something else.

    Raises InputError for JSON that is damaged or holds no rows.
    """
    first = text.lstrip("\ufeff \t\r\n")[:1]
    if first not in ("{", "["):
        return None
    lines = [(i, line) for i, line in enumerate(text.lstrip("\ufeff").split("\n"), 1) if line.strip()]
    if first == "{" and any(isinstance(decoded(line), dict) for _, line in lines[:5]) and len(lines) > 1:
        return source_of(((i, decoded(line)) for i, line in lines), encoding, path, "JSON lines")
    whole = decoded(text)
    if whole is _NOT_JSON:
        if not re.match(r'\s*(\[\s*[{\["\d]|\{\s*")', text.lstrip("\ufeff")):
            return None
        if first == "[" and all(isinstance(decoded(line), list) for _, line in lines[:5]):
            raise _no_rows(path, "lines of arrays, which do not name their columns")
        raise InputError(f"{path}: it begins like JSON, but is no valid JSON ({_fault(text)}). Make it again.")
    if isinstance(whole, dict) and len(lines) == 1 and not _frames(whole):
        return source_of([(1, whole)], encoding, path, "JSON lines")
    rows = whole if isinstance(whole, list) else _frames(whole)
    if not rows or not any(isinstance(row, dict) for row in rows):
        raise _no_rows(path, f"an array of {_kind(rows[0])[2:]}" if rows else _kind(whole))
    return source_of(enumerate(rows, 1), encoding, path, "JSON")


def _no_rows(path: str, what: str) -> InputError:
    return InputError(
        f'{path}: expected JSON lines or an array of objects, [{{"text": "…", "label": "…"}}, …]; received {what}.'
    )


def _kind(value: Any) -> str:
    """The kind of a JSON value, in words."""
    return "a number" if isinstance(value, _Whole | _Fraction) else f"a {type(value).__name__}"


def decoded(text: str) -> Any:
    """The value of a text that is JSON; else _NOT_JSON."""
    try:
        value, end = _DECODER.raw_decode(text.strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        return _NOT_JSON
    return value if end == len(text.strip("\ufeff \t\r\n")) else _NOT_JSON


def _fault(text: str) -> str:
    try:
        json.loads(text.lstrip("\ufeff"), parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}: {error.msg}"
    except RecursionError:
        return "it is nested too deeply"
    return "something follows it"


def _frames(whole: dict[str, Any]) -> list[Any]:
    """The rows of an object: as pandas' `to_json` lays them out, or the only array of objects in it."""
    columns, data = whole.get("columns"), whole.get("data")
    if isinstance(columns, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        return [dict(zip(map(str, columns), row, strict=False)) for row in data]  # orient="split"
    arrays = [value for value in whole.values() if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(arrays) == 1:
        return list(arrays[0])  # orient="table", or {"data": [...]}
    inner = list(whole.values())
    if inner and all(isinstance(value, dict) for value in inner):
        keys = dict.fromkeys(key for value in inner for key in value)
        by_column = all(value.keys() == inner[0].keys() for value in inner) and all(k.isdecimal() for k in keys)
        if by_column:  # orient="columns", the default
            return [{name: value[key] for name, value in whole.items()} for key in keys]
        return inner if all(key.isdecimal() for key in whole) else []  # orient="index"
    if len(inner) > 1 and all(isinstance(value, list) and len(value) == len(inner[0]) for value in inner):
        return [
            dict(zip(whole, row, strict=True)) for row in zip(*inner, strict=True)
        ]  # {"text": [...], "label": [...]}
    return []


class Columns:
    """The columns of objects that are read one by one."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.lists: dict[str, None] = {}  # columns that hold what is no cell
        self.quoted: dict[str, None] = {}  # columns that hold text

    def flat(self, value: dict[str, Any]) -> dict[str, str]:
        """An object as a row; its columns are noted."""
        row: dict[str, str] = {}
        _flatten(value, "", row, self.lists, self.quoted)
        self.names.update(dict.fromkeys(row))
        return row

    @property
    def kept(self) -> list[str]:
        """The columns that hold cells alone."""
        return [name for name in self.names if name not in self.lists]

    @property
    def unquoted(self) -> frozenset[str]:
        """The columns without text."""
        return frozenset(self.kept) - self.quoted.keys()

    def notes(self, file_format: str) -> tuple[str, ...]:
        """Sentences on the format, and on columns that are left out."""
        notes = [f"Read as {file_format}: each object is a row."]
        if self.lists:
            shown = ", ".join(map(repr, [*self.lists][:3]))
            notes.append(
                f"Columns that hold lists of measures or of objects are left out: {shown}"
                f"{', …' * (len(self.lists) > 3)}."
            )
        return tuple(notes)


def source_of(
    values: Iterable[Row], encoding: str, path: str, file_format: str, columns: Columns | None = None
) -> Source:
    """Objects as rows: nested objects are flattened, lists of labels joined, other lists left out.

    columns: of the whole file, of which these are some rows; None where these are all.
    """
    known = columns or Columns()
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    malformed: list[BadRow] = []
    for line, value in values:
        if not isinstance(value, dict):
            what = "no JSON" if value is _NOT_JSON else _kind(value)
            malformed.append(BadRow(path, line, "", f"expected a JSON object, received {what}"))
            continue
        row = known.flat(value)
        if (fault := next((name for name, cell in row.items() if not _is_text(cell)), None)) is not None:
            malformed.append(BadRow(path, line, fault, "the cell holds characters that are no text"))
            continue
        rows.append(row)
        lines.append(line)
    kept = known.kept
    if not kept:
        raise _no_rows(path, "objects without text or numbers")
    frame = pd.DataFrame({name: [row.get(name, "") for row in rows] for name in kept}, dtype=object)
    numbers = np.array(lines, dtype=np.int64)
    source = Source(path, encoding, "", frame, numbers, tuple(malformed), known.notes(file_format))
    return dataclasses.replace(source, format=file_format, unquoted=known.unquoted, typed=known.unquoted)


def _flatten(
    value: dict[str, Any], prefix: str, row: dict[str, str], lists: dict[str, None], quoted: dict[str, None]
) -> None:
    """Write the cells of an object into `row`, those of objects in it as `outer.inner`."""
    for key, cell in value.items():
        name = " ".join(f"{prefix}{key}".split()) or "column 1"
        if isinstance(cell, dict):
            _flatten(cell, f"{name}.", row, lists, quoted)
        elif isinstance(cell, list):
            if _are_labels(cell):
                row[name] = LABEL_SIGN.join(cell)
                quoted[name] = None
            else:
                row[name] = ""
                lists[name] = None
        else:
            row[name] = "" if cell is None else str(cell)
            if type(cell) is str:
                quoted[name] = None


def _are_labels(parts: list[Any]) -> bool:
    """Whether the parts of a list are strings, or whole numbers that are not too many for labels."""
    if not all(isinstance(part, str) and not isinstance(part, _Fraction) for part in parts):
        return False
    return len(parts) <= _MOST_NUMBERS or not all(part.lstrip("-").isdecimal() for part in parts)


def _is_text(cell: str) -> bool:
    """Whether a cell can be written as UTF-8 and holds no NUL."""
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in cell


def column_values(cells: Sequence[Any]) -> list[str]:
    """Lists of strings or whole numbers as cells of labels, `a|b`; None becomes ''."""
    return ["" if cell is None else LABEL_SIGN.join(map(str, cell)) for cell in cells]
