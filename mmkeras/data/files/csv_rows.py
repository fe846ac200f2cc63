"""The rows of a CSV file: its records as wide as the header, and what is told of the others.

A small file's rows are read once and kept (`csv_table`), those of a large one are read anew for each question
(`csv_parts`); what a row is, and which format reads more of them, is the same for both.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from mmkeras.data.encoding.charset import UNDECODABLE
from mmkeras.data.files.csv_columns import MADE_UP, column_names
from mmkeras.data.files.csv_format import CsvFormat
from mmkeras.data.files.csv_quotes import format_notes, other_formats
from mmkeras.data.files.csv_records import Records, filled, fits, unlimited_cells
from mmkeras.data.files.dialects import Layout

RETRIED: Final = 50
"""So many malformed rows are looked at for signs of another format."""
RECENT: Final = 64
"""Lines of good rows that are kept at least: by the last ones the end of a broken row is found."""

ReadLines = Callable[[], Iterable[str]]


@dataclass
class Reading:
    """What a reading of all rows has found beside them."""

    header: list[str] | None = field(default_factory=list)
    """The first record, where it holds the names; [] if there is none, None if its quotes are broken."""
    header_line: int = 1
    repeated: int = 0
    """Rows that repeat the header and are left out."""
    comments: int = 0
    bare_quotes: list[int] = field(default_factory=list)
    """Lines of a tab-separated file in which a quote was taken for just a quote."""


class Judged(Protocol):
    """A Reading whose malformed rows are counted. faults: they and the bare quotes; odd_lines: of the first ones."""

    @property
    def faults(self) -> int: ...

    @property
    def odd_lines(self) -> set[int]: ...


AnyReading = TypeVar("AnyReading", bound=Judged)


def rows_of(read_lines: ReadLines, layout: Layout, found: Reading) -> Iterator[tuple[int, list[str] | str]]:
    """(line, record) of each row as wide as the header, or the reason in place of a malformed one.

    found: gets the header first, and counts what is left out.
    """
    recent: list[int] = []
    with unlimited_cells():
        records = Records(read_lines, layout.format, recent, layout.skip)
        records.width = 0 if layout.named else layout.width
        reader = iter(records)
        if layout.named:
            first = next(((line, record) for line, record in reader if isinstance(record, str) or filled(record)), None)
            found.header_line, header = first or (layout.skip + 1, [])
            found.header = None if isinstance(header, str) else header
        header = found.header or []
        width = records.width = layout.width or len(header) or 1
        name = header[0] if len(header) == width > 1 else None
        for line, record in reader:
            if isinstance(record, str):
                yield line, record
            elif len(record) == width or fits(record, width):
                if record[0] == name and record[:width] == header:
                    found.repeated += 1
                    continue
                recent.append(line)
                if len(recent) > 2 * RECENT:
                    del recent[:-RECENT]
                yield line, record[:width]
            elif filled(record):
                reason = f"expected {width} fields, received {len(record)}"
                if len(record) > width:
                    reason += f" (put cells that hold {layout.format.delimiter!r} in quotes)"
                yield line, reason
    found.comments, found.bare_quotes = records.comments, records.bare_quotes


def other_format(
    read_lines: ReadLines,
    layout: Layout,
    first: AnyReading,
    may_escape: bool,
    read: Callable[[Layout], AnyReading],
) -> tuple[Layout, AnyReading]:
    """Another format, where the malformed rows have signs of one and it leaves fewer than half of them malformed.

    The sample may lack those signs: an escaped quote may first stand far below. first: the reading with the usual
    format; read: reads the rows with another. Returns the best of them.
    """
    best, fewest, chosen = first, first.faults, layout
    lines, usual = first.odd_lines, layout.format
    text = "".join(line for i, line in enumerate(itertools.islice(read_lines(), max(lines)), 1) if i in lines)
    for other in other_formats(usual, text, may_escape):
        if other.quote != usual.quote:
            continue
        changed = with_format(layout, other, usual)
        again = read(changed)
        if 2 * again.faults < fewest:
            chosen, best, fewest = changed, again, again.faults
    return chosen, best


def with_format(layout: Layout, other: CsvFormat, usual: CsvFormat) -> Layout:
    """The layout with another format, and a note that says so."""
    return dataclasses.replace(layout, format=other, notes=(*layout.notes, *format_notes(other, usual)))


def names_in(found: Reading, layout: Layout, where: str, encoding: str) -> list[str]:
    """The names of the columns, '' for one without; made up for a file without a header."""
    if not layout.named:
        return [MADE_UP.format(i + 1) for i in range(layout.width or 1)]
    return column_names((found.header or [])[: layout.width - layout.row_names or None], where, encoding)


def unreadable_cell(record: Sequence[str], encoding: str) -> tuple[int, str] | None:
    """Index of the first cell that is not text, and the reason; None if all cells are text."""
    for i, cell in enumerate(record):
        if UNDECODABLE in cell:
            return i, f"the cell holds bytes that are not {encoding}"
        if "\0" in cell:
            return i, "the cell holds a NUL character"
    return None


def notes_on(found: Reading) -> list[str]:
    """Sentences on lines that are left out."""
    notes = []
    if found.comments:
        notes.append(f"{found.comments:,} further line{'s' * (found.comments > 1)} of comments left out.")
    if found.repeated:
        rows = "row that repeats" if found.repeated == 1 else "rows that repeat"
        notes.append(f"{found.repeated:,} {rows} the column names left out.")
    return notes
