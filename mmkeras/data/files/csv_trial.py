"""The first lines of a CSV file, tried in one format: how many of the records come out well."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mmkeras.data.files.csv_format import CsvFormat
from mmkeras.data.files.csv_records import filled, fits, unlimited_cells

DELIMITERS: Final = (",", ";", "\t", "|")
EVEN: Final = 0.9
"""This share of the records below a header has its width."""

_LINES: Final = 1000
_CHARACTERS: Final = 1_000_000
"""A sample is so long at most."""
_MOST_BROKEN: Final = 50
"""After so many broken quotes a trial ends: the format is not that of the file."""


@dataclass(frozen=True)
class Sample:
    """The first lines of a file, with line ends. whole: there are no more."""

    lines: Sequence[str]
    whole: bool

    @classmethod
    def of(cls, lines: Iterable[str], skip: int = 0) -> Sample:
        """The first lines, up to the longest sample; skip: lines before it that do not count."""
        head: list[str] = []
        characters = 0
        for line in lines:
            if len(head) == _LINES + skip or characters > _CHARACTERS:
                return cls(head, False)
            head.append(line)
            characters += len(line) if len(head) > skip else 0
        return cls(head, True)

    def behind(self, skip: int, most: int = _LINES) -> Sample:
        """The sample without its first `skip` lines, and of at most `most` lines."""
        return Sample(self.lines[skip : skip + most], self.whole and len(self.lines) <= skip + most)


@dataclass(frozen=True)
class Trial:
    """A sample in one format. records: the good ones that are not empty. broken: records with a broken quote."""

    records: Sequence[list[str]]
    broken: int
    quoted: bool = False
    """Whether the first and the second line begin with a quote."""

    @property
    def width(self) -> int:
        """The usual number of fields of the records behind the first; of the first, if there are no more."""
        widths = Counter(len(record) for record in self.records[1:])
        return widths.most_common(1)[0][0] if widths else len(self.records[0]) if self.records else 0

    def share_of(self, width: int) -> float:
        """Share of the records behind the first that have this many fields; a broken one has not."""
        rest = self.records[1:]
        good = sum(fits(record, width) for record in rest)
        return good / (len(rest) + self.broken) if rest or self.broken else 0.0


def try_format(sample: Sample, csv_format: CsvFormat) -> Trial:
    """Parse a sample strictly; behind a broken quote the next line is a new record."""
    lines = list(csv_format.standard(sample.lines))
    records: list[list[str]] = []
    broken = place = 0
    with unlimited_cells():
        while place < len(lines) and broken < _MOST_BROKEN:
            done = place
            reader = csv_format.reader(map(lines.__getitem__, range(place, len(lines))))
            try:
                for record in reader:
                    if filled(record):
                        records.append(csv_format.original(record))
                    done = place + reader.line_num
                break
            except csv.Error:
                if not sample.whole and place + reader.line_num >= len(lines):
                    break  # the sample's end cut the record
                broken += 1
                place = done + 1
    if not sample.whole and len(records) > 2:
        records.pop()  # the sample may end inside the last record
    first_lines = [line for line in lines[:20] if line.strip()][:2]
    return Trial(records, broken, all(line.startswith('"') for line in first_lines))


def best_delimiter(sample: Sample, path: str) -> tuple[str, tuple[bool, float, int]]:
    """The best delimiter and its score: several fields?, share of records as wide as the first, their width."""
    best, best_score = ",", (False, 0.0, 0)
    for delimiter in ("\t", *DELIMITERS) if path.endswith((".tsv", ".tsv.gz")) else DELIMITERS:
        with unlimited_cells():
            widths = [len(record) for record in csv.reader(sample.lines, delimiter=delimiter) if record]
        if len(widths) > 2:
            widths.pop()  # the sample may end inside the last record
        even = sum(width == widths[0] for width in widths) / len(widths) if widths else 0
        # One field a row is a candidate too: plain lines of text under the header "text" may hold commas.
        score = (widths[0] > 1, even, widths[0]) if widths else (False, 0.0, 0)
        if score > best_score or (best == "," and score[0] and even == 1 and _is_decimal_sign(sample)):
            best, best_score = delimiter, score
        elif delimiter == "\t" and score[0] and even == 1 and len(widths) > 1:
            best, best_score = delimiter, score  # texts hold commas, and seldom tabs
    return best, best_score


def _is_decimal_sign(sample: Sample) -> bool:
    """Whether every comma of a sample of some rows stands between two digits, as in 1,5."""
    text = "".join(sample.lines)
    commas = text.count(",")
    return commas >= 3 and commas == len(re.findall(r"(?<=\d),(?=\d)", text))


def row_width(trial: Trial) -> tuple[int, bool]:
    """Fields of a row as wide as the header, and whether rows have one more in front, as R writes them."""
    first, usual = trial.records[0], trial.width
    rest = [record for record in trial.records[1:] if len(record) == usual]
    if usual == len(first) or len(rest) < EVEN * len(trial.records[1:]):
        return len(first), False
    if usual < len(first) and not filled(first[usual:]):
        return usual, False
    named = usual == len(first) + 1 and len(rest) > 1 and any(record[-1].strip() for record in rest)
    return (usual, True) if named and _are_row_names(trial, [r[0] for r in rest]) else (len(first), False)


def _are_row_names(trial: Trial, cells: Sequence[str]) -> bool:
    """Whether the first cells name rows: all different and numbers, or in quotes like the header."""
    # Without quotes they may as well be parts of texts that hold the delimiter.
    return len(set(cells)) == len(cells) and (trial.quoted or all(cell.isdecimal() for cell in cells))
