"""Quotes, escapes and spaces of a CSV file, guessed from its first lines.

The csv module's defaults are tried first. Anything else is taken only where they fail and it works, or where no CSV
writer could have made the lines otherwise: a well-formed file is never read in another way.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Final

from mmkeras.config.data import Dialect
from mmkeras.data.files.csv_format import CsvFormat
from mmkeras.data.files.csv_trial import Sample, Trial, row_width, try_format

_FEW: Final = 3
_MANY: Final = 10


def usual_format(delimiter: str, dialect: Dialect) -> CsvFormat:
    """The csv module's format, with the escape that the user names."""
    escape = "" if dialect.escape in (None, "none") else str(dialect.escape)
    return CsvFormat(delimiter, escape=escape, skip_space=delimiter == " ")


def choose_format(sample: Sample, delimiter: str, dialect: Dialect) -> CsvFormat:
    """The usual format, unless it fails on the sample and another works."""
    usual = usual_format(delimiter, dialect)
    text = "".join(sample.lines)
    others = other_formats(usual, text, may_escape=dialect.escape is None)
    if not others:
        return usual
    trial = try_format(sample, usual)
    best, fewest = usual, misfits(trial)
    for other in others:
        tried = try_format(sample, other)
        count = misfits(tried)
        better = 2 * count < fewest and _is_possible(text, other, usual)
        if better or (count <= fewest and _is_certain(text, trial, other, usual)):
            best, fewest = other, count
    return best


def misfits(trial: Trial) -> float:
    """Share of the records that do not have the width of a row, or whose quotes are broken."""
    return 1 - trial.share_of(row_width(trial)[0]) if trial.records else 1.0


def other_formats(usual: CsvFormat, text: str, may_escape: bool) -> list[CsvFormat]:
    """The formats that the signs of a text suggest, the nearest to the usual first."""
    sign = re.escape(usual.delimiter)
    spaces, quotes, escapes = [usual.skip_space], ['"'], [usual.escape]
    if not usual.skip_space and re.search(rf"{sign} +[\"']", text):
        spaces.append(True)
    if re.search(rf"(?:^|{sign}) *'", text, re.MULTILINE):
        quotes.append("'")
    if may_escape and re.search(rf"\\[\"'{sign}]", text):
        escapes.append("\\")
    formats = itertools.product(escapes, quotes, spaces)
    return [
        dataclasses.replace(usual, escape=escape, quote=quote, skip_space=space)
        for escape, quote, space in formats
        if (escape, quote, space) != (usual.escape, usual.quote, usual.skip_space)
    ]


def _is_possible(text: str, other: CsvFormat, usual: CsvFormat) -> bool:
    """Whether some cells are written as another format has them, and no single quote stands outside such a cell."""
    if other.quote != usual.quote:
        enclosed = _enclosed(text, other)
        return len(enclosed) >= _FEW and _quotes(enclosed, other) == _quotes([text], other)
    return other.skip_space == usual.skip_space or _spaced_cells(text, other) >= _FEW


def _is_certain(text: str, trial: Trial, other: CsvFormat, usual: CsvFormat) -> bool:
    """Whether a format that reads a sample no worse than the usual one is meant all the same.

    trial: of the usual format.
    """
    rows = max(len(trial.records), 1)
    if other.quote != usual.quote:
        enclosed = _enclosed(text, other)
        many = len(enclosed) >= max(_MANY, 0.9 * rows) and len(set(enclosed)) >= _MANY // 2
        return many and _is_possible(text, other, usual)
    if other.escape != usual.escape:
        return '\\""' not in text and only_escaped_quotes(trial.records)
    found = _spaced_cells(text, other)
    spaced = sum(all(cell.startswith(" ") for cell in record[1:]) for record in trial.records)
    return found >= max(_FEW, 0.5 * rows) or (found >= _FEW and spaced >= 0.9 * rows)


def only_escaped_quotes(records: Iterable[Sequence[str]]) -> bool:
    """Whether cells, in the usual format, hold quotes, each of them behind a backslash.

    A CSV writer encloses such a cell in quotes and doubles those inside, unless it escapes them.
    """
    quotes = [(cell.count('"'), cell.count('\\"')) for record in records for cell in record if '"' in cell]
    return bool(quotes) and all(count == escaped for count, escaped in quotes)


def _enclosed(text: str, csv_format: CsvFormat) -> list[str]:
    """The cells in single quotes; those inside are doubled or escaped."""
    sign = re.escape(csv_format.delimiter)
    inside = r"\\.|''|[^'\\\r\n]" if csv_format.escape else r"''|[^'\r\n]"
    return re.findall(rf"(?:^|(?<={sign})) *'(?:{inside})*' *(?={sign}|[\r\n]|\Z)", text, re.MULTILINE)


def _quotes(parts: Sequence[str], csv_format: CsvFormat) -> int:
    """Number of single quotes that are not escaped."""
    escaped = sum(part.count("\\'") for part in parts) if csv_format.escape else 0
    return sum(part.count("'") for part in parts) - escaped


def _spaced_cells(text: str, csv_format: CsvFormat) -> int:
    """Number of cells with a space before the quote that begins them, and a quote that ends them."""
    sign = re.escape(csv_format.delimiter)
    inside = r'[^"\\]|\\.|""' if csv_format.escape else r'[^"]|""'
    return len(re.findall(rf'{sign} +"(?:{inside})*" *(?={sign}|[\r\n]|\Z)', text))


def format_notes(chosen: CsvFormat, usual: CsvFormat) -> list[str]:
    """Sentences on what differs from the usual format."""
    notes = []
    if chosen.escape != usual.escape:
        notes.append(f"Quotes inside cells are escaped with {chosen.escape} (--escape none: they are not).")
    if chosen.quote != usual.quote:
        notes.append("Cells are enclosed in single quotes, which are no part of them.")
    if chosen.skip_space != usual.skip_space:
        notes.append("Spaces behind a delimiter are no part of the cells.")
    return notes
