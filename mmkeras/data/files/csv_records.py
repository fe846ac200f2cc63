"""The records of a CSV file, and where to resume after a broken quote.

A quote that is not doubled (`says "this" loudly`) ends its cell too early; a quote that is not closed swallows the rows
behind it. The csv reader cannot tell one from the other. Resuming at the next line turns the paragraphs of a broken
article into rows nobody wrote; skipping to the next certain row loses thousands of good ones. The lines behind the
broken quote decide which of the two it is.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from mmkeras.data.files.csv_format import CsvFormat, Uncommented

BROKEN: Final = "a quote is not closed, or one inside a cell is not doubled"

LINES: Final = 256
"""Lines that are parsed at once."""

_ROWS: Final = 10
"""This many consecutive lines that parse as rows are rows: paragraphs seldom have exactly the right commas."""
_ROWS_OF_ONE_FIELD: Final = 200
"""The same in a file of one column, where every paragraph without a comma parses as a row."""
_FEW: Final = 3
"""The same where there is other evidence for rows."""
_QUOTED_ROWS: Final = 20
"""When this many good rows have a quote in the same place, all rows are taken to have it."""


@contextmanager
def unlimited_cells() -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters a cell, which is global, inside the block."""
    before = csv.field_size_limit(2**31 - 1)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def filled(record: Sequence[str]) -> bool:
    """Whether any cell holds more than white space."""
    return any(cell and not cell.isspace() for cell in record)


def fits(record: Sequence[str], width: int) -> bool:
    """Whether a record has `width` fields; empty ones behind them do not count."""
    return len(record) == width or (len(record) > width and not filled(record[width:]))


Block = tuple[int, list[list[str]] | str]
"""A line, from 1, and the records of it and of the lines behind it, one a line; or the reason why it has none."""


class Records:
    """Iterates over blocks: records of consecutive lines, or one record, which may go on over further lines.

    A str, the reason, replaces the record of a line whose quotes are broken, and of each line behind it that is not
    empty, until the next row begins.
    """

    width: int = 0
    """Fields of a row. The caller sets it after reading the header, before the next record."""

    def __init__(
        self, read_lines: Callable[[], Iterable[str]], csv_format: CsvFormat, good: Sequence[int], skip: int = 0
    ) -> None:
        """read_lines: the file's lines, with line ends, from the first.

        good: the lines of the good records so far; the caller appends to it while it iterates. skip: lines to leave
        out at the beginning.
        """
        self.read_lines, self.format, self.good, self.skip = read_lines, csv_format, good, skip
        self.comments = 0  # lines left out as comments
        self.bare_quotes: list[int] = []  # lines of a tab-separated file in which a quote was taken for just a quote

    def __iter__(self) -> Iterator[Block]:
        standard, tab = self.format.standard, self.format.delimiter == "\t"
        lines: list[str] = []
        stream: Iterable[str] = itertools.islice(standard(self.read_lines()), self.skip, None)
        place = self.skip  # index of the first line of the stream
        while True:
            yield from self._parsed(stream, place)
            if (done := self._broken) is None:
                return
            lines = lines or list(standard(self.read_lines()))
            # Tab-separated files are often written without quoting: there a quote may be just a quote.
            fields = lines[done].rstrip("\r\n").split("\t")
            plain = tab and (not self.width or fits(fields, self.width))
            end, closed = done + 1, False
            if self.width and not (plain and lines[done].count('"') % 2 == 0):
                end, closed = BrokenRow(lines, done, self.good[-_QUOTED_ROWS:], self.format, self.width).end()
            if plain and not closed:
                self.bare_quotes.append(done + 1)
                yield done + 1, [self.format.original(fields)]
                end = done + 1
            else:
                yield done + 1, BROKEN
                for i in range(done + 1, end):
                    if not lines[i].isspace():
                        yield i + 1, f"it may be a part of the row of line {done + 1}, whose quotes are broken"
            place = end
            stream = map(lines.__getitem__, range(place, len(lines)))

    def _parsed(self, stream: Iterable[str], place: int) -> Iterator[Block]:
        """The records of a stream of standard lines up to one with a broken quote.

        place: index of the stream's first line.
        """
        self._broken: int | None = None  # index of the first line of that record; None behind the last line
        if self.format.is_standard and not self.format.comment:
            yield from self._without_comments(iter(stream), place)
            return
        uncommented = Uncommented(stream, self.format.comment, place)
        done = place
        try:
            for record in self.format.reader(uncommented):
                done = uncommented.start
                yield done + 1, [self.format.original(record)]
                uncommented.between, done = True, uncommented.place
        except csv.Error:
            self._broken = done if uncommented.between else uncommented.start
        finally:
            self.comments += uncommented.skipped

    def _without_comments(self, stream: Iterator[str], place: int) -> Iterator[Block]:
        """As `_parsed`, many lines at once where each is a record: four times as fast as one by one."""
        one_by_one = failures = 0  # so many more chunks are not tried at once, as some before were in vain
        while lines := list(itertools.islice(stream, LINES)):
            if one_by_one:
                one_by_one -= 1
            elif records := self._one_a_line(lines):
                yield place + 1, records
                place, failures = place + len(lines), 0
                continue
            else:
                failures = min(failures + 1, 6)
                one_by_one = 2**failures - 1
            reader, start = self.format.reader(itertools.chain(lines, stream)), place
            try:
                for record in reader:
                    yield place + 1, [record]
                    place = start + reader.line_num
                    if reader.line_num >= len(lines):
                        break
            except csv.Error:
                self._broken = place
                return

    def _one_a_line(self, lines: list[str]) -> list[list[str]]:
        """The records of lines, or nothing where one goes on over several, or has a broken quote."""
        try:
            records = list(self.format.reader(lines))
        except csv.Error:
            return []
        return records if len(records) == len(lines) else []


class BrokenRow:
    """A row with a broken quote, and the search for the lines behind it that may belong to it."""

    def __init__(
        self, lines: Sequence[str], start: int, good: Sequence[int], csv_format: CsvFormat, width: int
    ) -> None:
        """lines: of the file, standard, with line ends. start: index of its first line. good: lines of good rows."""
        self.lines, self.start, self.format, self.width = lines, start, csv_format, width
        self.delimiter = csv_format.delimiter
        sign = re.escape(self.delimiter)
        self.space = re.compile(" *" if csv_format.skip_space else "")
        space, no_space = (" *", " ") if csv_format.skip_space else ("", "")
        field = rf'{space}(?:"[^"]*(?:""[^"]*)*"|[^"{no_space}{sign}\r\n][^{sign}\r\n]*|)'
        self.field = re.compile(field + sign)
        self.opened = min(self._opened_field(lines[start]) or 0, width - 1)
        # A quote that closes a cell, with no more fields behind it than a row can have behind the broken one.
        self.closing = re.compile(rf'"(?:{sign}{field}){{0,{width - 1 - self.opened}}}(?:{sign})*[\r\n]*\Z')
        # Where every row has a quote in that place, a line without one is a paragraph.
        self.all_quoted = len(good) >= _QUOTED_ROWS and all(self._quoted(line - 1) for line in good)
        # Some programs write an empty line behind each row; else an empty line indicates an article.
        self.spaced = start > 0 and lines[start - 1].isspace()

    def end(self) -> tuple[int, bool]:
        """Index of the line to resume at, and whether a quote behind the first line closes the row before this index.

        Parsing resumes behind such a quote, or where a series of consecutive good rows begins. If all lines behind the
        first are good rows, its quote was never closed and only that line is lost. Where neither place exists, the
        rest of the file is lost.
        """
        enough = _ROWS if self.width > 1 else _ROWS_OF_ONE_FIELD
        i = first = self.start  # first: where the series of consecutive rows that ends before i begins
        rows = 0  # length of the series; a row with a quote in the right place counts twice
        while i < len(self.lines) and rows < enough:
            n_lines = self._row(i)
            behind = i + max(n_lines, 1)
            if n_lines or self._broken_row(i):
                rows += 1 + self._quoted(i)
            elif not (self.spaced and self.lines[i].isspace()):
                first, rows = behind, 0
            if (first > self.start and rows < _FEW) or i == self.start:
                for k in range(i, behind):
                    if self._closes(k):
                        return k + 1, k > self.start
            i = behind
        return max(first, self.start + 1) if rows >= _FEW or first == self.start else len(self.lines), False

    def _closes(self, i: int) -> bool:
        """Whether the row may end with line `i`."""
        # Quotes inside a text come in pairs, so the last line of a row has an odd number unless it is the first.
        odd = self.lines[i].count('"') % 2 == 1
        return odd == (i > self.start) and bool(self.closing.search(self.lines[i])) and self._begins_row(i + 1)

    def _begins_row(self, i: int) -> bool:
        """Whether the next line from `i` on that is not empty begins a good row. True at the end of the file."""
        i = self._behind_empty(i)
        # A row without a quote where the broken row has one is weaker evidence: then one row is not enough.
        for k in range(1 if i < len(self.lines) and self._quoted(i) else _FEW):
            if i == len(self.lines):
                break
            n_lines = self._row(i) or int(k > 0 and self._broken_row(i))
            if not n_lines:
                return False
            i = self._behind_empty(i + n_lines) if self.spaced else i + n_lines
        return True

    def _quoted(self, i: int) -> bool:
        """Whether line `i` has a quote in the same field as the broken row: a paragraph seldom has one there."""
        return self._opened_field(self.lines[i], self.opened) == self.opened

    def _behind_empty(self, i: int) -> int:
        """Index of the first line from `i` on that is not empty."""
        while i < len(self.lines) and self.lines[i].isspace():
            i += 1
        return i

    def _row(self, i: int) -> int:
        """Number of lines of the good row that begins at line `i`; 0 if no good row begins there."""
        if self.all_quoted and not self._quoted(i):
            return 0
        lines = map(self.lines.__getitem__, range(i, len(self.lines)))
        reader = self.format.reader(lines)
        try:
            record = next(reader)
        except csv.Error:
            return 0
        # The last line of a broken article may have the right width (`… the house",politics`), but not paired quotes.
        quotes = sum(line.count('"') for line in self.lines[i : i + reader.line_num])
        return reader.line_num if fits(record, self.width) and quotes % 2 == 0 else 0

    def _broken_row(self, i: int) -> bool:
        """Whether line `i` is a whole row except for its quotes, such as `"open,a` or `"He said "no" loudly",a`."""
        line = self.lines[i]
        quotes = line.count('"')
        if self._opened_field(line) is None or (quotes > 1 and quotes % 2 == 1):
            return False
        if self.all_quoted and not self._quoted(i):
            return False
        closed = quotes > 1 and self.closing.search(line) is not None
        return closed or fits(line.rstrip("\r\n").split(self.delimiter), self.width)

    def _opened_field(self, line: str, most: int | None = None) -> int | None:
        """Number of whole fields (at most `most`) before a field that begins with a quote; None if none does."""
        position = count = 0
        while count != most and (match := self.field.match(line, position)):
            position, count = match.end(), count + 1
        if match := self.space.match(line, position):
            position = match.end()
        return count if line.startswith('"', position) else None
