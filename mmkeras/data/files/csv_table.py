"""The bytes of a CSV file -> rows of strings, with the malformed lines set apart.

Python's `csv` module parses the file. It is written in C, as fast here as pandas' reader, and reports what pandas
does not: the line a row starts on, a row with too few fields, a quote that never closes.
"""

from __future__ import annotations

import codecs
import dataclasses
import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np

from mmkeras.config.data import Dialect
from mmkeras.data.encoding.charset import UNDECODABLE, decoded_lines
from mmkeras.data.files.csv_cells import Cells, frame_of
from mmkeras.data.files.csv_columns import MADE_UP, column_names, name_columns
from mmkeras.data.files.csv_quotes import format_notes, only_escaped_quotes, other_formats, usual_format
from mmkeras.data.files.csv_records import Records, filled, fits, unlimited_cells
from mmkeras.data.files.csv_trial import Sample
from mmkeras.data.files.dialect_flags import check_dialect
from mmkeras.data.files.dialect_hints import hint_on
from mmkeras.data.files.dialects import Layout, guess_layout
from mmkeras.data.files.source import BadRow, Source
from mmkeras.errors import InputError
from mmkeras.system.file_bytes import FileBytes

_RETRIED: Final = 50
"""So many malformed rows are looked at for signs of another format."""


@dataclass
class Parsed:
    """A file's records."""

    header: list[str] | None = field(default_factory=list)
    """The first record, where it holds the names; [] if there is none, None if its quotes are broken."""
    header_line: int = 1
    records: Cells = field(default_factory=lambda: Cells(large=False))
    lines: array[int] = field(default_factory=lambda: array("q"))
    malformed: list[tuple[int, str]] = field(default_factory=list)
    repeated: int = 0
    """Rows that repeat the header and are left out."""
    comments: int = 0
    bare_quotes: list[int] = field(default_factory=list)
    """Lines of a tab-separated file in which a quote was taken for just a quote."""


def read_csv(
    raw: bytes | FileBytes, encoding: str, clean: bool, dialect: Dialect, path: str, expected: Sequence[str] = ()
) -> Source:
    """Read the bytes of a CSV file.

    clean: every byte is text in the encoding. expected: names of columns that the file ought to have.
    Raises InputError for a flag that cannot be used, and for a file without names or rows.
    """
    delimiter = check_dialect(dialect)
    read_lines: Callable[[], Iterable[str]] = partial(decoded_lines, raw, encoding)
    large = not isinstance(raw, bytes)
    if raw.find(codecs.BOM_UTF8, 3) > 0 and encoding.startswith("utf-8"):  # files that were put together
        read_lines = partial(_unmarked_lines, raw, encoding)
    sample = Sample.of(read_lines(), dialect.skip_lines or 0)
    with unlimited_cells():
        layout = guess_layout(sample, dialect, delimiter, path, expected)
    parsed = parse(read_lines, layout, large)
    usual = usual_format(layout.format.delimiter, dialect)
    if layout.format == usual and dialect.escape is None and _escaped_far_below(raw, parsed):
        escaped = dataclasses.replace(layout.format, escape="\\")
        layout = dataclasses.replace(layout, format=escaped, notes=(*layout.notes, *format_notes(escaped, usual)))
        parsed = parse(read_lines, layout, large)
    elif (parsed.malformed or parsed.bare_quotes) and layout.format == usual:
        layout, parsed = _try_other_formats(read_lines, layout, parsed, large, may_escape=dialect.escape is None)
    where = f"{path}: line {parsed.header_line}"
    if dialect.skip_lines and layout.named and parsed.header == []:
        raise InputError(f"--skip-lines {dialect.skip_lines}: {path} has no text below so many lines.")
    if parsed.header is None:
        hint = hint_on(sample, layout, 1, []) or "Close it."
        raise InputError(f"{where}: expected the column names, but a quote there is not closed. {hint}")
    names = _names_of(parsed, layout, where, encoding)
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
        notes=(*layout.notes, *notes_on(parsed.comments, parsed.repeated), *notes),
        named=layout.named,
        hint=hint_on(sample, layout, width, [line for line, _ in parsed.malformed]),
    )


def parse(read_lines: Callable[[], Iterable[str]], layout: Layout, large: bool = False) -> Parsed:
    """Header, records as wide as the header, the line each one starts on, and the rows of another width.

    large: is it a large file, whose long cells are stored?
    """
    parsed = Parsed(records=Cells(large))
    with unlimited_cells():
        csv_records = Records(read_lines, layout.format, parsed.lines, layout.skip)
        csv_records.width = 0 if layout.named else layout.width
        reader = iter(csv_records)
        if layout.named:
            first = next(((line, record) for line, record in reader if isinstance(record, str) or filled(record)), None)
            parsed.header_line, header = first or (layout.skip + 1, [])
            parsed.header = None if isinstance(header, str) else header
        header = parsed.header or []
        width = csv_records.width = layout.width or len(header) or 1
        name = header[0] if len(header) == width > 1 else None
        add, add_line = parsed.records.append, parsed.lines.append
        for line, record in reader:
            if isinstance(record, str):
                parsed.malformed.append((line, record))
            elif len(record) == width or fits(record, width):
                if record[0] == name and record[:width] == header:
                    parsed.repeated += 1
                    continue
                add(record[:width])
                add_line(line)
            elif filled(record):
                reason = f"expected {width} fields, received {len(record)}"
                if len(record) > width:
                    reason += f" (put cells that hold {layout.format.delimiter!r} in quotes)"
                parsed.malformed.append((line, reason))
    parsed.comments, parsed.bare_quotes = csv_records.comments, csv_records.bare_quotes
    return parsed


def _unmarked_lines(raw: bytes | FileBytes, encoding: str) -> Iterator[str]:
    """The lines of a file that has byte order marks at the beginning of further lines."""
    return (line.lstrip("\ufeff") for line in decoded_lines(raw, encoding))


def _escaped_far_below(raw: bytes | FileBytes, parsed: Parsed) -> bool:
    """Whether all quotes inside cells are escaped although no row is malformed. raw: may be in any encoding."""
    if b'\\"' not in raw or b'\\""' in raw or parsed.malformed:
        return False
    return only_escaped_quotes(parsed.records)


def _try_other_formats(
    read_lines: Callable[[], Iterable[str]], layout: Layout, parsed: Parsed, large: bool, may_escape: bool
) -> tuple[Layout, Parsed]:
    """Another format, where the malformed rows have signs of one and it leaves fewer than half of them malformed.

    The sample may lack those signs: an escaped quote may first stand far below.
    """
    usual, best, fewest = layout, parsed, len(parsed.malformed) + len(parsed.bare_quotes)
    lines = {line for line, _ in parsed.malformed[:_RETRIED]} | set(parsed.bare_quotes[:_RETRIED])
    text = "".join(line for i, line in enumerate(itertools.islice(read_lines(), max(lines)), 1) if i in lines)
    for other in other_formats(usual.format, text, may_escape):
        if other.quote != usual.format.quote:
            continue
        changed = dataclasses.replace(usual, format=other, notes=(*usual.notes, *format_notes(other, usual.format)))
        again = parse(read_lines, changed, large)
        count = len(again.malformed) + len(again.bare_quotes)
        if 2 * count < fewest:
            layout, best, fewest = changed, again, count
    return layout, best


def _names_of(parsed: Parsed, layout: Layout, where: str, encoding: str) -> list[str]:
    """The names of the columns, '' for one without; made up for a file without a header."""
    if not layout.named:
        return [MADE_UP.format(i + 1) for i in range(layout.width or 1)]
    return column_names((parsed.header or [])[: layout.width - layout.row_names or None], where, encoding)


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


def unreadable_cell(record: Sequence[str], encoding: str) -> tuple[int, str] | None:
    """Index of the first cell that is not text, and the reason; None if all cells are text."""
    for i, cell in enumerate(record):
        if UNDECODABLE in cell:
            return i, f"the cell holds bytes that are not {encoding}"
        if "\0" in cell:
            return i, "the cell holds a NUL character"
    return None


def notes_on(comments: int, repeated: int) -> list[str]:
    """Sentences on lines that are left out: of comments, and rows that repeat the column names."""
    notes = []
    if comments:
        notes.append(f"{comments:,} further line{'s' * (comments > 1)} of comments left out.")
    if repeated:
        rows = "row that repeats" if repeated == 1 else "rows that repeat"
        notes.append(f"{repeated:,} {rows} the column names left out.")
    return notes
