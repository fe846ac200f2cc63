"""Lines of a CSV file that hold neither names nor rows: titles and comments."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from typing import Final

from mmkeras.data.files.csv_format import CsvFormat
from mmkeras.data.files.csv_records import unlimited_cells
from mmkeras.data.files.csv_trial import DELIMITERS, EVEN, Sample, best_delimiter, try_format
from mmkeras.data.files.header import folded, is_header_word, is_value, names_or_row

_MOST_TITLE_LINES: Final = 20
_HEAD: Final = 300
"""Lines that are looked at for a header below titles."""
_FEWEST_ROWS: Final = 3


def title_lines(sample: Sample, delimiter: str | None, path: str, expected: Sequence[str]) -> int:
    """Number of lines, such as a title, before the line of column names; 0 where the first line may be the header.

    expected: names of columns that the file ought to have; () where nothing is known.
    """
    head = sample.behind(0, _HEAD)
    places = [i for i, line in enumerate(head.lines[: _MOST_TITLE_LINES + 1]) if line.strip()]
    known_names = {folded(name) for name in expected}
    for place in places if expected else ():
        for sign in [delimiter] if delimiter else DELIMITERS:
            found = known_names & {folded(cell) for cell in _cells(head.lines[place], sign)}
            if 2 * len(found) >= len(known_names):
                return place if place > places[0] else 0
    if len(places) < _FEWEST_ROWS:
        return 0
    sign, several, even = _cut(head, delimiter, path)
    regular = several and even >= 0.5  # else the first line cannot be the header
    first = _cells(head.lines[places[0]], sign)
    known = sum(map(is_header_word, first))
    for place in places[1:]:
        after_blank = not head.lines[place - 1].strip()
        certain = known < len(first) and (not regular or after_blank or (_like_title(first) and not known))
        signs = [delimiter] if delimiter else DELIMITERS
        certain = certain and any(_all_header_words(head.lines[place], sign) for sign in signs)
        if certain and _records_below(head, place, delimiter, path):
            return place
    if regular or known:
        return 0
    for place in sorted(places[1:], key=lambda place: bool(head.lines[place - 1].strip())):
        records, sign = _records_below(head, place, delimiter, path), _cut(head.behind(place), delimiter, path)[0]
        if records and _is_strong_header(records, sign, after_blank=not head.lines[place - 1].strip()):
            return place
    return 0


def _cut(sample: Sample, delimiter: str | None, path: str) -> tuple[str, bool, float]:
    """The delimiter, whether it cuts the first record, and the share of the records that are cut like this one."""
    if delimiter is None:
        sign, (several, even, _) = best_delimiter(sample, path)
        return sign, several, even
    with unlimited_cells():
        widths = [len(record) for record in csv.reader(sample.lines, delimiter=delimiter) if record]
    even = sum(width == widths[0] for width in widths) / len(widths) if widths else 0.0
    return delimiter, bool(widths) and widths[0] > 1, even


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])


def _all_header_words(line: str, delimiter: str) -> bool:
    cells = _cells(line, delimiter)
    return len(cells) > 1 and all(map(is_header_word, cells))


def _like_title(cells: Sequence[str]) -> bool:
    """Whether cells are no names: some hold a space, a digit or nothing."""
    return any(not cell.strip() or " " in cell.strip() or any(map(str.isdigit, cell)) for cell in cells)


def _records_below(head: Sample, place: int, delimiter: str | None, path: str) -> list[list[str]]:
    """The records from line `place` on, if the first one has several fields and nearly all have as many; else []."""
    below = head.behind(place)
    sign, several, even = _cut(below, delimiter, path)
    if not several or even < EVEN:
        return []
    formats = (CsvFormat(sign), CsvFormat(sign, escape="\\"))
    records = max((try_format(below, csv_format).records for csv_format in formats), key=len)
    return list(records) if len(records) >= _FEWEST_ROWS else []


def _is_strong_header(records: Sequence[list[str]], delimiter: str, after_blank: bool) -> bool:
    """Whether the first record, below other lines, is sure to hold the column names of the rest."""
    names = records[0]
    rest = [record for record in records[1:] if len(record) == len(names)]
    cells = [name.strip() for name in names]
    if any(len(cell) > 60 for cell in cells) or len(set(cells)) < len(cells) or any(map(is_value, cells)):
        return False
    verdict, _ = names_or_row(names, rest, delimiter)
    prose = delimiter == "," and any(name.startswith(" ") for name in names[1:]) and not all(map(is_header_word, cells))
    return (verdict == "names" or (verdict == "" and after_blank)) and not prose


def leading_comments(sample: Sample, prefix: str, given: bool) -> int:
    """Number of first lines that are comments, and empty lines among them.

    `#id,text` may be the header: one such line counts only if it does not have the width of the lines below.
    """
    count = 0
    for i, line in enumerate(sample.lines):
        if line.lstrip("\ufeff").startswith(prefix):
            count = i + 1
        elif line.strip():
            break
    if not count or given or count == len(sample.lines):
        return count
    below = sample.behind(count)
    sign, (several, even, width) = best_delimiter(below, "")
    last = next(csv.reader([sample.lines[count - 1].lstrip("\ufeff")], delimiter=sign), [])
    if not several or even < 0.5:
        # A title without delimiter above one column may be its name, such as #hashtag.
        return count if count > 1 and len(sample.lines[0].split()) > 1 else 0
    if len(last) != width:
        return count
    trial = try_format(below, CsvFormat(sign))
    if len(trial.records) > 2 and names_or_row(trial.records[0], trial.records[1:], sign)[0] == "names":
        return count
    return count - 1


def comment_rule(sample: Sample, csv_format: CsvFormat, width: int, prefix: str) -> Callable[[str], bool]:
    """The test for comments among the rows of a file that begins with comments.

    A row may begin with the sign, too: a comment is a line that has another number of fields, or that lacks the quote
    which all first cells have.
    """
    lines = [line for line in sample.lines[1:] if line.strip() and not line.startswith(prefix)]
    all_quoted = bool(lines) and all(line.startswith('"') for line in lines)

    def is_comment(line: str) -> bool:
        if not line.startswith(prefix):
            return False
        fields = next(csv.reader([line], delimiter=csv_format.delimiter, skipinitialspace=csv_format.skip_space), [])
        return all_quoted or (len(fields) != width and width > 1)

    return is_comment
