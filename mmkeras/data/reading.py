"""A CSV or Parquet file to rows of strings, with the lines that cannot be read set apart.

Python's own `csv` reader does the parsing. It is written in C, as fast here as pandas' reader, and
tells what pandas keeps to itself: the line a row starts on, a row with too few fields, a quote that never closes.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import itertools
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.charset import MARK, choose_encoding, decoded_lines
from mmkeras.data.csv_records import Records, filled, fits, unlimited_cells
from mmkeras.errors import InputError

DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: where it starts and why."""

    file: str
    line: int
    column: str
    """The column at fault; empty when it is the row as a whole."""
    reason: str


@dataclass(frozen=True)
class Source:
    """What stands in a file, before anyone asks what it means."""

    path: str
    encoding: str
    """Name to give as `encoding` to read it the same way again."""
    delimiter: str
    """Empty for Parquet."""
    rows: pd.DataFrame
    """[rows, columns], every cell a str; an empty cell is ''."""
    lines: np.ndarray
    """int64 [rows]: the line each row starts on, the header being on line 1 (Parquet: the row's number, from 1)."""
    malformed: tuple[BadRow, ...]
    """Rows that are not in `rows`, by line."""


def read_source(path: str | Path, encoding: str | None = None, delimiter: str | None = None) -> Source:
    """Read a CSV (plain or gzipped) or Parquet file as strings; 'NA' and 'null' are text like any other.

    encoding, delimiter: None to detect.
    Raises InputError when there is no such file, when it is no table, or when its bytes are not text.
    """
    name = str(path)
    raw = _load(Path(path))
    if raw.startswith(b"PAR1"):
        return _read_parquet(raw, name)
    if Path(path).suffix in (".parquet", ".pq"):
        raise InputError(f"{name}: expected Parquet, but it does not begin with 'PAR1'. If it is a CSV, rename it.")
    encoding, clean = choose_encoding(raw, encoding, name)
    delimiter = _choose_delimiter(raw, encoding, delimiter, name)
    header, records, lines, malformed = _parse(raw, encoding, delimiter, name)
    if not clean or b"\0" in raw:  # else no cell can hold either: spare the look
        readable = []
        for i, record in enumerate(records):
            if (found := _unreadable_cell(record, encoding)) is None:
                readable.append(i)
            else:
                malformed.append(BadRow(name, lines[i], header[found[0]], found[1]))
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
    )


def _load(path: Path) -> bytes:
    """The file's bytes, unpacked. Raises InputError, naming what is there instead."""
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if p.name.endswith((".csv", ".tsv", ".csv.gz", ".parquet")))
        hint = f" It holds {', '.join(inside[:5])}." if inside else ""
        raise InputError(f"{path}: expected a CSV or Parquet file, received a folder.{hint} Name a file.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        there = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, there, 1)
        hint = f"Did you mean {path.parent / near[0]}?" if near else "Check the path."
        raise InputError(f"{path}: there is no such file. {hint}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if raw.startswith(b"\x1f\x8b"):
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path}: the gzip file is damaged or cut short ({error}). Make it again.") from None
    if not raw.strip():
        raise InputError(f"{path}: expected a header and rows, but the file is empty ({len(raw)} bytes).")
    return raw


def _choose_delimiter(raw: bytes, encoding: str, given: str | None, path: str) -> str:
    """The delimiter given, or the one that cuts the first rows most evenly, into two fields or more if any does."""
    if given is not None:
        given = {"\\t": "\t", "tab": "\t"}.get(given, given)
        if len(given) != 1 or given in '"\r\n\0':
            raise InputError(f"--delimiter {given!r}: expected one character, such as ',' ';' '|', or the word tab.")
        return given
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
            widths.pop()  # the sample may end inside it
        even = sum(width == widths[0] for width in widths) / len(widths) if widths else 0
        # One field a row is a reading, too: plain lines of text under the header "text" may hold commas.
        score = (widths[0] > 1, even, widths[0]) if widths else (False, 0.0, 0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _parse(
    raw: bytes, encoding: str, delimiter: str, path: str
) -> tuple[list[str], list[list[str]], list[int], list[BadRow]]:
    """Header, records as wide as the header, the line each starts on, and the rows that are not so wide."""
    records: list[list[str]] = []
    lines: list[int] = []
    malformed: list[BadRow] = []
    with unlimited_cells():
        found = Records(raw, encoding, delimiter, good=lines)
        reader = iter(found)
        first = next((record for _, record in reader if isinstance(record, str) or filled(record)), [])
        header = _check_header(None if isinstance(first, str) else first, encoding, delimiter, path)
        width = found.width = len(header)
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
    """The column names, white space folded. Raises InputError when one is missing, doubled or unreadable."""
    if record is None:
        raise InputError(f"{path}: line 1: expected the column names, but a quote there is not closed. Close it.")
    header = [" ".join(name.lstrip("\ufeff").split()) for name in record]
    if not header:
        raise InputError(f"{path}: expected a header and rows, but the file holds no text.")
    if any(sign in name for name in header for sign in (MARK, "\0")):
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
    """Position of the first cell that is not clean text, and why; None if all are."""
    for i, cell in enumerate(record):
        if MARK in cell:
            return i, f"the cell holds bytes that are not {encoding}"
        if "\0" in cell:
            return i, "the cell holds a NUL character"
    return None


def _read_parquet(raw: bytes, path: str) -> Source:
    """A Parquet file's columns as strings; nulls become ''."""
    import pyarrow as pa  # late: 60 MB that most runs never need
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(raw))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: the Parquet file is damaged or cut short ({error}). Make it again.") from None
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
