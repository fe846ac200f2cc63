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
from mmkeras.data.files.csv_records import Block, Records, filled, fits, unlimited_cells
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
    """(line, record) of each row as wide as the header, or the reason in place of a malformed one. found: see below."""
    for line, block in row_blocks(read_lines, layout, found):
        if isinstance(block, str):
            yield line, block
        else:
            yield from enumerate(block, line)


def row_blocks(read_lines: ReadLines, layout: Layout, found: Reading) -> Iterator[Block]:
    """The rows as wide as the header in blocks: a line and the rows of it and of the lines behind it, one a line.

    A reason stands in place of a malformed one. found: gets the header first, and counts what is left out.
    """
    recent: list[int] = []
    with unlimited_cells():
        records = Records(read_lines, layout.format, recent, layout.skip)
        records.width = 0 if layout.named else layout.width
        blocks = iter(records)
        if layout.named:
            (found.header_line, header), rest = _first_filled(blocks, (layout.skip + 1, []))
            found.header = None if isinstance(header, str) else header
            blocks = itertools.chain(rest, blocks)
        header = found.header or []
        width = records.width = layout.width or len(header) or 1
        name = header[0] if len(header) == width > 1 else None
        for line, block in blocks:
            if isinstance(block, str):
                yield line, block
            elif {*map(len, block)} == {width} and (name is None or all(record[0] != name for record in block)):
                recent += range(max(line, line + len(block) - RECENT), line + len(block))
                yield line, block
            else:
                yield from _judged(line, block, width, header if name is not None else None, layout, found, recent)
            if len(recent) > 2 * RECENT:
                del recent[:-RECENT]
    found.comments, found.bare_quotes = records.comments, records.bare_quotes


def _first_filled(
    blocks: Iterator[Block], none: tuple[int, list[str] | str]
) -> tuple[tuple[int, list[str] | str], list[Block]]:
    """The first record that is not empty, or reason, with its line, `none` without one; and the rest of its block."""
    for line, block in blocks:
        if isinstance(block, str):
            return (line, block), []
        for k, record in enumerate(block):
            if filled(record):
                return (line + k, record), [(line + k + 1, block[k + 1 :])] if block[k + 1 :] else []
    return none, []


def _judged(
    line: int,
    block: list[list[str]],
    width: int,
    header: list[str] | None,
    layout: Layout,
    found: Reading,
    recent: list[int],
) -> Iterator[Block]:
    """The records of a block one by one. header: that may be repeated."""
    for place, record in enumerate(block, line):
        if len(record) == width or fits(record, width):
            if header is not None and record[:width] == header:
                found.repeated += 1
                continue
            recent.append(place)
            yield place, [record[:width]]
        elif filled(record):
            reason = f"expected {width} fields, received {len(record)}"
            if len(record) > width:
                reason += f" (put cells that hold {layout.format.delimiter!r} in quotes)"
            yield place, reason


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
