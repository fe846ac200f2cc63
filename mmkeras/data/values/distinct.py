"""The different cells of a column: most columns repeat a few values, which are then read once and not in every row."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mmkeras.data.values.stored_texts import StoredTexts


def cells_of(cells: pd.Series) -> np.ndarray | StoredTexts:
    """The cells of a column: an array of strings, or texts that lie in a file."""
    return cells.array if isinstance(cells.array, StoredTexts) else cells.to_numpy()


@dataclass(frozen=True)
class Distinct:
    """The different cells of a column, and the index of the cell that each row has."""

    texts: list[str]
    """[k], in the order of their first rows."""
    codes: np.ndarray
    """int64 [n]."""
    shortened: bool = False
    """Whether long texts are abbreviations: of a large column, whose cells lie in a file."""

    @classmethod
    def of(cls, cells: Iterable[str]) -> Distinct:
        """The different ones of n cells, without white space around them."""
        if isinstance(cells, StoredTexts):
            return replace(cls._of(cells.abbreviated()), shortened=True)
        return cls._of([cell.strip() for cell in cells])

    @classmethod
    def _of(cls, cells: list[str]) -> Distinct:
        as_objects = np.empty(len(cells), dtype=object)
        as_objects[:] = cells
        codes, texts = pd.factorize(as_objects)
        return cls(texts.tolist(), codes)

    @functools.cached_property
    def rows(self) -> np.ndarray:
        """int64 [k]: the rows of each cell."""
        return np.bincount(self.codes, minlength=len(self.texts))

    def spread(self, values: Sequence[str] | np.ndarray) -> np.ndarray:
        """A value for each cell, [k] -> the value of each row, [n]."""
        if not isinstance(values, np.ndarray):
            as_objects = np.empty(len(values), dtype=object)
            as_objects[:] = values
            values = as_objects
        return values[self.codes]

    def replaced(self, texts: list[str]) -> Distinct:
        """The column with another text for each cell; equal ones become one."""
        merged = self._of(texts)
        return Distinct(merged.texts, merged.codes[self.codes], self.shortened)

    def filled(self) -> Distinct:
        """The rows whose cell is not empty."""
        kept = np.array([text != "" for text in self.texts], dtype=bool)
        if kept.all():
            return self
        number = np.cumsum(kept) - 1  # of each kept text among the kept ones
        return Distinct([t for t in self.texts if t], number[self.codes[kept[self.codes]]])
