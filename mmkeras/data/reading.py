"""CSV or Parquet file -> rows of strings, with the malformed lines set apart.

Python's `csv` module parses the file. It is written in C, as fast here as pandas' reader, and reports what pandas
does not: the line a row starts on, a row with too few fields, a quote that never closes.
"""

from __future__ import annotations

import csv
import difflib
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config.data import Dialect
from mmkeras.data.charset import UNDECODABLE, choose_encoding, decoded_lines
from mmkeras.data.csv_records import Records, filled, fits, unlimited_cells
from mmkeras.data.unpack import gunzip, read_parquet
from mmkeras.errors import InputError

__all__ = ["BadRow", "Dialect", "Source", "read_source"]

DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: where it starts and why."""

    file: str
    line: int
    column: str
    """The column at fault; empty when the row as a whole is malformed."""
    reason: str


@dataclass(frozen=True)
class Source:
    """The contents of a file as strings, before kinds and roles are chosen."""

    path: str
    encoding: str
    """Value of `encoding` that reads the file the same way again."""
    delimiter: str
    """Empty for Parquet."""
    rows: pd.DataFrame
    """[rows, columns], every cell a str; an empty cell is ''."""
    lines: np.ndarray
    """int64 [rows]: the line each row starts on, the header being on line 1 (Parquet: the row's number, from 1)."""
    malformed: tuple[BadRow, ...]
    """Rows that are not in `rows`, by line."""
    notes: tuple[str, ...] = ()
    """Sentences to print: what of the dialect is a guess, what was skipped."""


def read_source(path: str | Path, dialect: Dialect | None = None) -> Source:
    """Read a CSV (plain or gzipped) or Parquet file as strings; 'NA' and 'null' are ordinary text.

    dialect: its None values are detected, and all of it without one.
    Raises InputError when the file does not exist, is not a table, or holds bytes that are not text.
    """
    name, dialect = str(path), dialect or Dialect()
    raw = _load(Path(path))
    if raw.startswith(b"PAR1"):
        return _read_parquet(raw, name)
    if Path(path).suffix in (".parquet", ".pq"):
        raise InputError(f"{name}: expected Parquet, but it does not begin with 'PAR1'. If it is a CSV, rename it.")
    charset = choose_encoding(raw, dialect.encoding, name)
    encoding = charset.encoding
    delimiter = _choose_delimiter(raw, encoding, dialect.delimiter, name)
    header, records, lines, malformed = _parse(raw, encoding, delimiter, name)
    if not charset.clean or b"\0" in raw:  # else no cell can hold undecodable bytes or NUL: skip the check
        readable = []
        for i, record in enumerate(records):
            if (fault := _unreadable_cell(record, encoding)) is None:
                readable.append(i)
            else:
                column, reason = fault
                malformed.append(BadRow(name, lines[i], header[column], reason))
        records, lines = [records[i] for i in readable], [lines[i] for i in readable]
        malformed.sort(key=lambda bad: bad.line)
    if not records and not malformed:
        raise InputError(f"{name}: it has a header ({', '.join(header)}) but no rows. Add rows below the header.")
    cells = map(list, zip(*records, strict=True)) if records else ([] for _ in header)
    return Source(
        path=name,
        encoding=encoding,
        delimiter=delimiter,
        rows=pd.DataFrame(dict(zip(header, cells, strict=True)), dtype=object),
        lines=np.array(lines, dtype=np.int64),
        malformed=tuple(malformed),
        notes=(charset.note,) if charset.note else (),
    )


def _load(path: Path) -> bytes:
    """The bytes of the file, decompressed. Raises InputError for a folder and for an absent, damaged or empty file."""
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.name.endswith((".csv", ".tsv", ".csv.gz", ".parquet")))
        hint = f" It holds {', '.join(inside[:5])}." if inside else ""
        raise InputError(f"{path}: expected a CSV or Parquet file, received a folder.{hint} Name a file.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, 1)
        hint = f"Did you mean {path.parent / near[0]}?" if near else "Check the path."
        raise InputError(f"{path}: there is no such file. {hint}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    raw = gunzip(raw, path)
    if not raw.strip():
        raise InputError(f"{path}: expected a header and rows, but the file is empty ({len(raw)} bytes).")
    return raw


def _choose_delimiter(raw: bytes, encoding: str, requested: str | None, path: str) -> str:
    """The requested delimiter, else the one that cuts the first rows most evenly, preferably into several fields."""
    if requested is not None:
        delimiter = {"\\t": "\t", "tab": "\t"}.get(requested, requested)
        if len(delimiter) != 1 or delimiter in '"\r\n\0':
            raise InputError(
                f"--delimiter {delimiter!r}: expected one character, such as ',' ';' '|', or the word tab."
            )
        return delimiter
    sample: list[str] = []
    characters = 0
    for line in itertools.islice(decoded_lines(raw, encoding), 1000):
        sample.append(line)
        characters += len(line)
        if characters > 1_000_000:
            break
    best, best_score = ",", (False, 0.0, 0)
    for delimiter in ("\t", *DELIMITERS) if path.endswith((".tsv", ".tsv.gz")) else DELIMITERS:
        with unlimited_cells():
            widths = [len(record) for record in csv.reader(sample, delimiter=delimiter) if record]
        if len(widths) > 2:
            widths.pop()  # the sample may end inside the last record
        even = sum(width == widths[0] for width in widths) / len(widths) if widths else 0
        # One field a row is a candidate too: plain lines of text under the header "text" may hold commas.
        score = (widths[0] > 1, even, widths[0]) if widths else (False, 0.0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _parse(
    raw: bytes, encoding: str, delimiter: str, path: str
) -> tuple[list[str], list[list[str]], list[int], list[BadRow]]:
    """Header, records as wide as the header, the line each one starts on, and the rows of another width."""
    records: list[list[str]] = []
    lines: list[int] = []
    malformed: list[BadRow] = []
    with unlimited_cells():
        csv_records = Records(raw, encoding, delimiter, good=lines)
        reader = iter(csv_records)
        first = next((record for _, record in reader if isinstance(record, str) or filled(record)), [])
        header = _check_header(None if isinstance(first, str) else first, encoding, delimiter, path)
        width = csv_records.width = len(header)
        for line, record in reader:
            if isinstance(record, str):
                malformed.append(BadRow(path, line, "", record))
            elif len(record) == width or fits(record, width):
                records.append(record[:width])
                lines.append(line)
            elif filled(record):
                reason = f"expected {width} fields, received {len(record)}"
                if len(record) > width:
                    reason += f" (put cells that hold {delimiter!r} in quotes)"
                malformed.append(BadRow(path, line, "", reason))
    return header, records, lines, malformed


def _check_header(record: list[str] | None, encoding: str, delimiter: str, path: str) -> list[str]:
    """The column names, white space folded. Raises InputError when one is missing, duplicated or undecodable."""
    if record is None:
        raise InputError(f"{path}: line 1: expected the column names, but a quote there is not closed. Close it.")
    header = [" ".join(name.lstrip("\ufeff").split()) for name in record]
    if not header:
        raise InputError(f"{path}: expected a header and rows, but the file holds no text.")
    if any(sign in name for name in header for sign in (UNDECODABLE, "\0")):
        raise InputError(f"{path}: line 1: the column names cannot be read as {encoding}. Give the right --encoding.")
    for i, name in enumerate(header):
        if not name:
            raise InputError(
                f"{path}: line 1: column {i + 1} of {len(header)} has no name (delimiter {delimiter!r}; columns: "
                f"{', '.join(map(repr, header))}). Name it or take it out (pandas: to_csv(..., index=False))."
            )
        if name in header[:i]:
            raise InputError(
                f"{path}: line 1: columns {header.index(name) + 1} and {i + 1} are both named {name!r}. Rename one."
            )
    return header


def _unreadable_cell(record: list[str], encoding: str) -> tuple[int, str] | None:
    """Index of the first cell that is not text, and the reason; None if all cells are text."""
    for i, cell in enumerate(record):
        if UNDECODABLE in cell:
            return i, f"the cell holds bytes that are not {encoding}"
        if "\0" in cell:
            return i, "the cell holds a NUL character"
    return None


def _read_parquet(raw: bytes, path: str) -> Source:
    """A Parquet file's columns as strings; nulls become ''."""
    import pyarrow as pa  # late: 60 MB that most runs never need

    table = read_parquet(raw, path)
    header = _check_header(table.column_names, "utf-8", "", path)
    if not table.num_rows:
        raise InputError(f"{path}: it has columns ({', '.join(header)}) but no rows.")
    cells = {}
    for name, column in zip(header, table.columns, strict=True):
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            raise InputError(f"{path}: column {name!r}: expected text or numbers, received {column.type}. Take it out.")
        cells[name] = ["" if cell is None else cell for cell in column.cast(pa.string()).to_pylist()]
    lines = np.arange(1, table.num_rows + 1, dtype=np.int64)
    return Source(path, "utf-8", "", pd.DataFrame(cells, dtype=object), lines, ())
