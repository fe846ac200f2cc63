"""Which modalities of a row are present: the subsets of the missing-modality matrix."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.runtime.feeds import columns_of

MOST_COLUMNS = 5  # of one kind, in the missing-modality matrix, which has 2 ** n - 1 rows


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
