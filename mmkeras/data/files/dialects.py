"""How a CSV file is written, guessed from its first lines: delimiter, quotes, title lines, comments, header."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mmkeras.config.data import Dialect
from mmkeras.data.files.csv_format import CsvFormat
from mmkeras.data.files.csv_quotes import choose_format, format_notes, usual_format
from mmkeras.data.files.csv_records import fits
from mmkeras.data.files.csv_titles import comment_rule, leading_comments, title_lines
from mmkeras.data.files.csv_trial import Sample, best_delimiter, row_width, try_format
from mmkeras.data.files.header import folded, names_or_row

_SEP: Final = re.compile(r'\ufeff?"?sep=(.|\\t)"?\s*', re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """How a file is read, and sentences on what is a guess."""

    format: CsvFormat
    skip: int
    """Lines before the first record."""
    named: bool = True
    """Whether the first record holds the column names."""
    width: int = 0
    """Fields of a row; 0: as many as the first record has."""
    row_names: bool = False
    """Whether rows have one field more than the header, in front of the others, as R writes them."""
    notes: tuple[str, ...] = ()


def guess_layout(sample: Sample, dialect: Dialect, delimiter: str | None, path: str, expected: Sequence[str]) -> Layout:
    """The layout of a CSV file. delimiter: as the user gives it, checked.

    expected: names of columns that the file ought to have; () where nothing is known.
    """
    notes: list[str] = []
    skip, delimiter = _skip_first_lines(sample, dialect, delimiter, notes)
    given = dialect.comment not in (None, "none")
    prefix = dialect.comment if given and dialect.comment else "#"
    comments = 0
    if given or (dialect.comment is None and dialect.skip_lines is None):
        comments = leading_comments(sample.behind(skip), prefix, given)
    if comments:
        notes.append(_skipped(sample.lines, skip, comments, f"begin with {prefix!r} and", given))
    skip += comments
    if dialect.skip_lines is None and not dialect.no_header and not given:
        titles = title_lines(sample.behind(skip), delimiter, path, expected)
        if titles:
            notes.append(_skipped(sample.lines, skip, titles, "stand before the column names and", given))
        skip += titles
    rest = sample.behind(skip)
    if given:
        rest = dataclasses.replace(rest, lines=[line for line in rest.lines if not line.startswith(prefix)])
    delimiter = delimiter or best_delimiter(rest, path)[0]
    csv_format = choose_format(rest, delimiter, dialect)
    notes += format_notes(csv_format, usual_format(delimiter, dialect))
    layout = _choose_header(rest, Layout(csv_format, skip), dialect, expected, notes)
    if given:
        csv_format = dataclasses.replace(csv_format, comment=lambda line: line.startswith(prefix))
    elif comments:
        csv_format = dataclasses.replace(csv_format, comment=comment_rule(rest, csv_format, layout.width, prefix))
    return dataclasses.replace(layout, format=csv_format, notes=tuple(notes))


def _skipped(lines: Sequence[str], skip: int, count: int, why: str, given: bool) -> str:
    """The sentence on lines that are skipped, with the first of them that is not empty."""
    shown = _short(next(line for line in lines[skip:] if line.strip()))
    flag = "" if given else f" --skip-lines 0 keeps {'them' if count > 1 else 'it'}."
    place = f"Lines {skip + 1} to {skip + count}" if count > 1 else f"Line {skip + 1}"
    verb = why if count > 1 else why.replace("begin ", "begins ").replace("stand ", "stands ")
    return f"{place} ({shown}) {verb} {'are' if count > 1 else 'is'} skipped.{flag}"


def _short(text: str) -> str:
    text = " ".join(text.replace("\ufeff", "").split())
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _skip_first_lines(
    sample: Sample, dialect: Dialect, delimiter: str | None, notes: list[str]
) -> tuple[int, str | None]:
    """Lines that --skip-lines names, or Excel's line `sep=;`; and the delimiter, where that line names it."""
    if dialect.skip_lines is not None:
        return dialect.skip_lines, delimiter
    match = _SEP.fullmatch(sample.lines[0]) if sample.lines else None
    if match is None or match[1] in '"\r\n':
        return 0, delimiter
    sign = "\t" if match[1] == "\\t" else match[1]
    notes.append(f"Line 1, {_short(sample.lines[0])}, names the delimiter.")
    return 1, delimiter or sign


def _choose_header(
    sample: Sample, layout: Layout, dialect: Dialect, expected: Sequence[str], notes: list[str]
) -> Layout:
    """Whether the first record holds the names, and the number of fields of a row."""
    trial = try_format(sample, layout.format)
    if not trial.records:
        return dataclasses.replace(layout, named=not dialect.no_header)
    width, row_names = row_width(trial)
    first = trial.records[0]
    rest = [record[:width] for record in trial.records[1:] if fits(record, width)]
    named, reason = not dialect.no_header, ""
    if not (dialect.no_header or dialect.with_header or row_names):
        named, reason = _is_header(first[:width], rest, layout.format.delimiter, expected)
    if not named:
        width = trial.width if trial.share_of(trial.width) >= 0.5 else len(first)
        row_names = False
    if reason:
        last = f" to 'column {width}'" if width > 1 else ""
        line = layout.skip + next(i for i, line in enumerate(sample.lines, 1) if line.strip())
        notes.append(
            f"Line {line} is read as a row, not as the column names: {reason}. The columns are called "
            f"'column 1'{last} (--with-header: the line holds the names)."
        )
    elif named and not dialect.with_header and not expected and len(rest) > 2 and _like_sentences(first):
        notes.append(f"{_short(max(first, key=len))} is read as the name of a column (--no-header: the line is a row).")
    return dataclasses.replace(layout, named=named, width=width, row_names=row_names)


def _is_header(
    first: Sequence[str], rest: Sequence[Sequence[str]], delimiter: str, expected: Sequence[str]
) -> tuple[bool, str]:
    if {folded(name) for name in first} & {folded(name) for name in expected}:
        return True, ""
    if len(rest) < 2 and not expected:
        return True, ""
    verdict, reason = names_or_row(first, rest, delimiter)
    if expected and verdict != "names" and all(re.fullmatch(r"column \d+", name) for name in expected):
        return False, reason or "the model was trained on a file without column names"
    return verdict != "row", reason


def _like_sentences(first: Sequence[str]) -> bool:
    return any(len(cell) > 40 or len(cell.split()) > 5 for cell in first) or all(len(c.split()) > 2 for c in first)
