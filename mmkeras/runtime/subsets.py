"""Which modalities of a row are present: the subsets of the missing-modality matrix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.runtime.feeds import columns_of

MOST_COLUMNS = 5  # whose subsets are all in a matrix, which has 2 ** n - 1 rows
MOST_ALONE = 20  # columns that are also present alone, in the table of columns one by one
MOST_MISSING = 40  # columns that are left out one by one


def modalities_of(inputs: Iterable[InputSpec]) -> dict[str, list[str]]:
    """Groups of inputs that are present or missing together: by kind, or by column where all are of one kind."""
    columns = columns_of(inputs)
    if not any(input_spec["kind"] == PRESENCE for input_spec in inputs):
        return {}
    by_kind: dict[str, list[str]] = {}
    for input_spec in columns:
        by_kind.setdefault(input_spec["kind"], []).append(input_spec["name"])
    return (
        by_kind
        if len(by_kind) > 1
        else {input_spec["column"]: [input_spec["name"]] for input_spec in columns[:MOST_COLUMNS]}
    )


@dataclass(frozen=True)
class Subset:
    """Some of the modalities. present: their names; hidden: the inputs of the others."""

    present: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def name(self) -> str:
        """image+text"""
        return "+".join(self.present)


def subsets(groups: Mapping[str, Sequence[str]]) -> list[Subset]:
    """Every subset of the modalities that is not empty, the smallest first; none for a single modality."""
    every = []
    for n in range(1, len(groups) + 1) if len(groups) > 1 else ():
        for present in itertools.combinations(groups, n):
            hidden = tuple(name for group in groups if group not in present for name in groups[group])
            every.append(Subset(present, hidden))
    return every


def matrix_groups(inputs: Iterable[InputSpec]) -> dict[str, list[str]]:
    """The groups of the report's matrix: the columns, if there are few; else the kinds; {} for one kind.

    Kinds name the columns where no two columns share one. (The samples of a verification are grouped by
    `modalities_of`, whose names are in the files of exported folders.)
    """
    inputs = list(inputs)
    columns = columns_of(inputs)
    kinds = {input_spec["kind"] for input_spec in columns}
    if not modalities_of(inputs) or (len(kinds) == 1 and len(columns) > MOST_COLUMNS):
        return {}
    if len(kinds) == len(columns) or len(columns) > MOST_COLUMNS:
        return modalities_of(inputs)
    return by_column(inputs)


def by_column(inputs: Iterable[InputSpec]) -> dict[str, list[str]]:
    """Title of each column -> its input."""
    return {input_spec["column"]: [input_spec["name"]] for input_spec in columns_of(inputs)}


def one_by_one(inputs: Iterable[InputSpec]) -> list[Subset]:
    """All columns; all but one, for the first MOST_MISSING; one alone, for up to MOST_ALONE. [] for few columns,
    whose subsets are all in the matrix, and for a model that knows no missing cells."""
    inputs = list(inputs)
    groups = by_column(inputs)
    if not modalities_of(inputs) or len(groups) <= MOST_COLUMNS:
        return []
    names = list(groups)
    everything = Subset(tuple(names), ())
    without = [Subset(tuple(n for n in names if n != name), (groups[name][0],)) for name in names[:MOST_MISSING]]
    alone = [Subset((name,), tuple(groups[n][0] for n in names if n != name)) for name in names]
    return [everything, *without, *(alone if len(names) <= MOST_ALONE else [])]
