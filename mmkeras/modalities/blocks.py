"""Many columns of a kind as one input: a block. NumPy alone: clients import nothing else.

A column by itself has its own input, encoder and token: a model of 300 such columns has thousands of operations, and
its attention reads 300 tokens. A block has one array of all its columns, `[b, n]` or `[b, n, …]`, one array of their
presences, `[b, n]`, one layer that reads them, and a bounded number of tokens. Its value in a row is a tuple, a value a
column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mmkeras.graph import InputSpec, input_names

if TYPE_CHECKING:  # it imports pandas
    from mmkeras.data.columns.column import Column

MOST_SINGLE: Final = 8  # columns of a kind that have an input each; more of them are a block

BLOCKS: Final = {"number": "numbers", "category": "categories", "date": "dates"}
"""Kind -> the name of its block, for the kinds that have the module <package>.block."""


@dataclass(frozen=True)
class GraphColumn:
    """One input of a graph and the columns that it holds: one, or those of a block. name: in the graph."""

    name: str
    kind: str
    columns: tuple[Column, ...]
    block: bool = False

    @property
    def as_column(self) -> Column:
        """The only column; for a block one with its title in place of a name."""
        return replace(self.columns[0], name=self.title) if self.block else self.columns[0]

    @property
    def title(self) -> str:
        """The column's name, or for a block its number of columns, in words: `300 number columns`."""
        return f"{len(self.columns)} {self.kind} columns" if self.block else self.columns[0].name


def graph_columns(inputs: Sequence[Column]) -> list[GraphColumn]:
    """The inputs of the graph for a table's input columns: blocks stand behind the columns that have their own."""
    of_kind = {kind: tuple(column for column in inputs if column.kind == kind) for kind in BLOCKS}
    blocks = {kind: columns for kind, columns in of_kind.items() if len(columns) > MOST_SINGLE}
    single = [column for column in inputs if column.kind not in blocks]
    names = input_names([*(column.name for column in single), *(BLOCKS[kind] for kind in blocks)])
    alone = [GraphColumn(name, c.kind, (c,)) for name, c in zip(names, single, strict=False)]
    joint = [
        GraphColumn(name, kind, blocks[kind], True) for name, kind in zip(names[len(single) :], blocks, strict=True)
    ]
    return alone + joint


def flat_values(rows: Sequence[tuple[Any, ...] | None], count: int) -> list[Any]:
    """The values of b rows of a block of `count` columns, one after another; a row that is None has no cell."""
    return [value for row in rows for value in (row or (None,) * count)]


def rows_of(values: Sequence[Any], count: int) -> list[tuple[Any, ...]]:
    """The inverse of `flat_values`: a tuple of `count` values a row."""
    return [tuple(values[start : start + count]) for start in range(0, len(values), count)]


def by_row(array: np.ndarray, input_spec: InputSpec) -> np.ndarray:
    """The stacked values of a block, [b * n, …] -> [b, n, …], or [b, n] where each value is one number."""
    count = len(input_spec["columns"])
    rest = array.shape[1:] if len(input_spec["shape"]) > 2 else ()
    return array.reshape(len(array) // count, count, *rest)
