"""Cells are strings: tests and conversions for empty cells, numbers, dates and labels, and a cell on one line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.values.missing import are_missing, marks_of
from mmkeras.data.values.numbers import LARGEST

LABEL_SIGN: Final = "|"
"""Separates the labels of a cell that has several."""
NO_LABEL: Final = "[]"
"""A cell that is no label at all, which differs from a missing cell."""
NUMBER_MARKS: Final = marks_of((), (), "number")


def is_empty(cells: pd.Series) -> np.ndarray:
    """Bool [n]: the cells that hold only white space."""
    # A loop, since isspace() stops at the first letter; stripping copies every text.
    return np.array([not cell or cell.isspace() for cell in cells], dtype=bool)


def to_numbers(cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Cells as '' (missing) or a string that parses as a finite float, and bool [n]: the cells that are neither."""
    unusable = np.isnan(to_floats(cells))
    stripped = np.empty(len(cells), dtype=object)
    stripped[:] = [cell.strip() for cell in cells]
    missing = np.zeros(len(cells), dtype=bool)
    missing[unusable] = are_missing(stripped[unusable], NUMBER_MARKS, "number")
    stripped[unusable] = ""
    return pd.Series(stripped, cells.index, dtype=object), unusable & ~missing


def to_floats(cells: pd.Series | Sequence[str]) -> np.ndarray:
    """Cells as float64 [n]; NaN where a cell is not a finite number, or beyond those of float32."""
    as_objects = np.empty(len(cells), dtype=object)
    as_objects[:] = list(cells)
    numbers = np.asarray(pd.to_numeric(as_objects, errors="coerce"), dtype=np.float64)
    return np.where(np.abs(numbers) <= LARGEST, numbers, np.nan)


def fold_space(cell: str) -> str:
    """A label without white space around it, and with single spaces inside."""
    return " ".join(cell.split())


def split_labels(cell: str) -> tuple[str, ...]:
    """The labels of a cell such as `drama | comedy`: white space folded, each once, sorted; () if there are none."""
    return tuple(sorted({fold_space(part) for part in cell.split(LABEL_SIGN)} - {"", NO_LABEL}))


def fold_labels(cell: str) -> str:
    """The labels of a cell as `split_labels` returns them, joined with `|`: `comedy|drama`; NO_LABEL stays."""
    return LABEL_SIGN.join(split_labels(cell)) or (NO_LABEL if NO_LABEL in cell else "")


def width_of(text: str) -> int:
    """Width on a terminal in columns: Chinese, Japanese and Korean characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def one_line(text: str, width: int = 40) -> str:
    """Text on one line, at most `width` columns wide."""
    text = " ".join(text[: 4 * width].split())
    if width_of(text) <= width:
        return text
    while width_of(text) >= width:
        text = text[:-1]
    return text + "…"
