"""The bytes of a CSV file -> rows of strings, with the malformed lines set apart.

Python's `csv` module parses the file. It is written in C, as fast here as pandas' reader, and reports what pandas
does not: the line a row starts on, a row with too few fields, a quote that never closes.
"""

from __future__ import annotations

import codecs
import dataclasses
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from mmkeras.config.data import Dialect
from mmkeras.data.encoding.charset import decoded_lines
from mmkeras.data.files.csv_cells import Cells, frame_of
from mmkeras.data.files.csv_columns import name_columns
from mmkeras.data.files.csv_quotes import only_escaped_quotes, usual_format
from mmkeras.data.files.csv_records import unlimited_cells
from mmkeras.data.files.csv_rows import (
    RETRIED,
    Reading,
    ReadLines,
    names_in,
    notes_on,
    other_format,
    row_blocks,
    unreadable_cell,
    with_format,
)
from mmkeras.data.files.csv_trial import Sample
from mmkeras.data.files.dialect_flags import check_dialect
from mmkeras.data.files.dialect_hints import hint_on
from mmkeras.data.files.dialects import Layout, guess_layout
from mmkeras.data.files.source import BadRow, Source
from mmkeras.errors import InputError
from mmkeras.system.file_bytes import FileBytes


@dataclass
class Parsed(Reading):
    """A file's rows."""

    records: Cells = field(default_factory=lambda: Cells(large=False))
    lines: array[int] = field(default_factory=lambda: array("q"))
    malformed: list[tuple[int, str]] = field(default_factory=list)

    @property
    def faults(self) -> int:
        return len(self.malformed) + len(self.bare_quotes)

    @property
    def odd_lines(self) -> set[int]:
        return {*(line for line, _ in self.malformed[:RETRIED]), *self.bare_quotes[:RETRIED]}


def read_csv(
    raw: bytes | FileBytes, encoding: str, clean: bool, dialect: Dialect, path: str, expected: Sequence[str] = ()
) -> Source:
    """Read the bytes of a CSV file.

    clean: every byte is text in the encoding. expected: names of columns that the file ought to have.
    Raises InputError for a flag that cannot be used, and for a file without names or rows.
    """
    delimiter = check_dialect(dialect)
    read_lines: ReadLines = partial(decoded_lines, raw, encoding)
    large = not isinstance(raw, bytes)
    if raw.find(codecs.BOM_UTF8, 3) > 0 and encoding.startswith("utf-8"):  # files that were put together
        read_lines = partial(_unmarked_lines, raw, encoding)
    sample = Sample.of(read_lines(), dialect.skip_lines or 0)
    with unlimited_cells():
        layout = guess_layout(sample, dialect, delimiter, path, expected)
    parsed = parse(read_lines, layout, large)
    usual = usual_format(layout.format.delimiter, dialect)
    if layout.format == usual and dialect.escape is None and _escaped_far_below(raw, parsed):
        layout = with_format(layout, dataclasses.replace(layout.format, escape="\\"), usual)
        parsed = parse(read_lines, layout, large)
    elif parsed.faults and layout.format == usual:
        read = partial(parse, read_lines, large=large)
        layout, parsed = other_format(read_lines, layout, parsed, dialect.escape is None, read)
    where = f"{path}: line {parsed.header_line}"
    if dialect.skip_lines and layout.named and parsed.header == []:
        raise InputError(f"--skip-lines {dialect.skip_lines}: {path} has no text below so many lines.")
    if parsed.header is None:
        hint = hint_on(sample, layout, 1, []) or "Close it."
        raise InputError(f"{where}: expected the column names, but a quote there is not closed. {hint}")
    names = names_in(parsed, layout, where, encoding)
    width = len(names) + layout.row_names
    malformed = [BadRow(path, line, "", reason) for line, reason in parsed.malformed]
    if not clean or b"\0" in raw:  # else no cell can hold undecodable bytes or NUL: skip the check
        malformed += _set_apart_unreadable(parsed, names, layout.row_names, encoding, path)
        malformed.sort(key=lambda bad: bad.line)
    sign = layout.format.delimiter
    columns = parsed.records.columns() or [[] for _ in range(width)]
    names, columns, notes = name_columns(names, columns, sign, where, layout.row_names)
    if not parsed.lines and not malformed:
        raise InputError(f"{path}: it has a header ({', '.join(names)}) but no rows. Add rows below the header.")
    return Source(
        path=path,
        encoding=encoding,
        delimiter=sign,
        rows=frame_of(names, columns),
        lines=np.array(parsed.lines, dtype=np.int64),
        malformed=tuple(malformed),
        notes=(*layout.notes, *notes_on(parsed), *notes),
        named=layout.named,
        hint=hint_on(sample, layout, width, [line for line, _ in parsed.malformed]),
    )


def parse(read_lines: ReadLines, layout: Layout, large: bool = False) -> Parsed:
    """Header, records as wide as the header, the line each one starts on, and the rows of another width.

    large: is it a large file, whose long cells are stored?
    """
    parsed = Parsed(records=Cells(large))
    for line, block in row_blocks(read_lines, layout, parsed):
        if isinstance(block, str):
            parsed.malformed.append((line, block))
        else:
            parsed.records.extend(block)
            parsed.lines.extend(range(line, line + len(block)))
    return parsed


def _unmarked_lines(raw: bytes | FileBytes, encoding: str) -> Iterator[str]:
    """The lines of a file that has byte order marks at the beginning of further lines."""
    return (line.lstrip("\ufeff") for line in decoded_lines(raw, encoding))


def _escaped_far_below(raw: bytes | FileBytes, parsed: Parsed) -> bool:
    """Whether all quotes inside cells are escaped although no row is malformed. raw: may be in any encoding."""
    if b'\\"' not in raw or b'\\""' in raw or parsed.malformed:
        return False
    return only_escaped_quotes(parsed.records)


def _set_apart_unreadable(
    parsed: Parsed, names: Sequence[str], row_names: bool, encoding: str, path: str
) -> list[BadRow]:
    """Take the records with a cell that is not text out of `parsed`."""
    readable, bad = [], []
    for i, record in enumerate(parsed.records):
        if (fault := unreadable_cell(record, encoding)) is None:
            readable.append(i)
        else:
            column, reason = fault
            bad.append(BadRow(path, parsed.lines[i], ["", *names][column + (not row_names)], reason))
    if bad:
        parsed.records = parsed.records.kept(np.array(readable, dtype=int))
        parsed.lines = array("q", (parsed.lines[i] for i in readable))
    return bad
