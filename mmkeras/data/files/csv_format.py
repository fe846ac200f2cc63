"""How the lines of a CSV file are cut into cells: delimiter, quotes, escapes, comments."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

# Stand for escaped signs while a line is parsed: lone surrogates, which no strict decoder ever returns.
_FIRST_STAND_IN: Final = 0xDC01


@dataclass(frozen=True)
class CsvFormat:
    """What the csv module and the search behind broken quotes need to know of a file.

    Both see standard lines, with doubled `"` around cells: `standard` rewrites a line, `original` a cell of it.
    """

    delimiter: str
    quote: str = '"'
    """The sign around cells: `"` or `'`."""
    escape: str = ""
    """Sign before a quote, a delimiter or itself inside a cell; '' where quotes are doubled."""
    skip_space: bool = False
    """Whether spaces behind a delimiter are no part of the cell."""
    comment: Callable[[str], bool] | None = field(default=None, compare=False)
    """Whether a line, where a record may begin, is a comment."""

    @property
    def is_standard(self) -> bool:
        """Whether lines and cells stay as they are."""
        return self.quote == '"' and not self.escape

    def reader(self, lines: Iterable[str]) -> Any:
        """The csv module's reader of standard lines. It raises csv.Error for a broken quote."""
        return csv.reader(lines, delimiter=self.delimiter, skipinitialspace=self.skip_space, strict=True)

    def standard(self, lines: Iterable[str]) -> Iterable[str]:
        """Lines as `reader` expects them, one for one."""
        return lines if self.is_standard else map(self._standard_line, lines)

    def original(self, record: list[str]) -> list[str]:
        """The cells of a record of standard lines as they are meant."""
        return record if self.is_standard else [cell.translate(self._back) for cell in record]

    @cached_property
    def _escaped(self) -> dict[str, str]:
        """Sign that an escape makes an ordinary one -> what stands for it while the line is parsed."""
        signs = dict.fromkeys([self.quote, self.delimiter, self.escape])
        return {sign: chr(_FIRST_STAND_IN + i) for i, sign in enumerate(signs)}

    @cached_property
    def _swap(self) -> dict[int, str]:
        """Exchanges `"` and the file's own quote."""
        return {} if self.quote == '"' else {ord('"'): self.quote, ord(self.quote): '"'}

    @cached_property
    def _back(self) -> dict[int, str]:
        signs = {ord(stand_in): sign for sign, stand_in in self._escaped.items()} if self.escape else {}
        return {**self._swap, **signs}

    @cached_property
    def _escape(self) -> re.Pattern[str]:
        return re.compile(re.escape(self.escape) + "(.)", re.DOTALL)

    def _standard_line(self, line: str) -> str:
        if self.escape and self.escape in line:
            # Before any other sign the escape is an ordinary one, as Spark has it: C:\new stays as it is.
            line = self._escape.sub(lambda match: self._escaped.get(match[1], match[0]), line)
        return line.translate(self._swap) if self._swap else line


class Uncommented:
    """Iterates over lines without the comments between records. The reader's user sets `between` behind each record."""

    def __init__(self, lines: Iterable[str], is_comment: Callable[[str], bool] | None, place: int) -> None:
        """place: index of the first line in the file."""
        self.lines, self.is_comment = lines, is_comment
        self.place = self.start = place  # index of the next line; of the first line of the record
        self.between = True
        self.skipped = 0

    def __iter__(self) -> Iterator[str]:
        for line in self.lines:
            self.place += 1
            if self.between:
                if self.is_comment and self.is_comment(line):
                    self.skipped += 1
                    continue
                self.between, self.start = False, self.place - 1
            yield line
