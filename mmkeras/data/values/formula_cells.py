"""Cells that a spreadsheet would run as formulas, in the CSV files that people open: a ' before them makes them text.

The characters are those of OWASP's page on CSV injection. Numbers stay as they are, with any sign and separators, and
so do cells of signs alone, such as the labels + and -: neither computes anything. Files that mmkeras reads back as
tables (validation.csv, an ablation's train.csv and held_out.csv) hold the cells as they were read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from mmkeras.system.progress import Log

MARK: Final = "'"
STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
NUMBER: Final = re.compile(
    r"[+-]?(?=[\d.,'\u2019\u00a0\u202f ]*\d)[\d.,'\u2019\u00a0\u202f ]*%?(e[+-]?\d+)?|[+-](inf|infinity|nan)",
    re.IGNORECASE,
)


def is_formula(cell: object) -> bool:
    """Would a spreadsheet read a cell as a formula?"""
    if not isinstance(cell, str) or not cell.startswith(STARTS):
        return False
    return any(sign.isalnum() for sign in cell) and NUMBER.fullmatch(cell) is None


def unmarked(cell: str) -> str:
    """The cell of a file that was written with marks, as it was before."""
    return cell[1:] if cell.startswith(MARK) and is_formula(cell[1:]) else cell


class FormulaCells:
    """Marks the cells of rows on their way to a file, and counts them. raw: leave all as they are."""

    def __init__(self, raw: bool = False) -> None:
        self.raw, self.count = raw, 0

    def marked(self, rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
        """The rows, with MARK before every formula."""
        if self.raw:
            yield from rows
            return
        signs = frozenset(STARTS)  # of one character each: most cells are told by it
        for row in rows:
            for cell in row:
                if type(cell) is str and cell and cell[0] in signs and is_formula(cell):
                    self.count += sum(map(is_formula, row))
                    row = [f"{MARK}{cell}" if is_formula(cell) else cell for cell in row]
                    break
            yield row

    def log_marked(self, log: Log) -> None:
        """Log the number of marked cells."""
        if self.count:
            cells = "1 cell begins" if self.count == 1 else f"{self.count:,} cells begin"
            log(f"{cells} like a formula of a spreadsheet: a {MARK} is written before (--raw-cells leaves them)")
