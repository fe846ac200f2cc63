"""Targets as arrays: one class a row, labels, or numbers. Fitted on the training rows, saved as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.one_hot import Encoded, MultiHot
from mmkeras.data.targets.target_kinds import KINDS, TargetKind
from mmkeras.errors import InputError

ROWS_AT_ONCE = 2**14  # whose labels are encoded at once


@dataclass(frozen=True)
class Targets:
    """Maps target cells to model outputs and back: class index, multi-hot vector, standardised number."""

    task: str
    """A key of TARGET_KINDS, such as `classify`."""
    names: tuple[str, ...]
    """The columns."""
    labels: tuple[str, ...]
    """The classes or labels, sorted, in the order of the outputs; () for numbers."""
    mean: tuple[float, ...]
    """Mean of each number over the training rows; () otherwise."""
    deviation: tuple[float, ...]
    """Standard deviation of each number over the training rows, 1 if they are all the same; () otherwise."""
    notations: tuple[str, ...] = ()
    """How each column's numbers or labels are written; () in runs of earlier versions, and for classes and texts."""
    missing: tuple[str, ...] = ()
    """Cells that stand for a missing target, beside `missing.MARKS`: those of --missing, and sentinels."""

    @property
    def kind(self) -> TargetKind:
        """The kind of the target columns."""
        return KINDS[TARGET_KINDS[self.task]]

    @property
    def outputs(self) -> int:
        """Width of the model's output."""
        return len(self.labels or self.mean)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The target columns as `read_rows` takes them. A class such as `-` or `NA` is no missing cell."""
        notations = self.notations or ("",) * len(self.names)
        kind = TARGET_KINDS[self.task]
        pairs = zip(self.names, notations, strict=True)
        return tuple(
            Column(name, kind, "target", notation=notation, missing=self.missing, not_missing=self.labels)
            for name, notation in pairs
        )

    def truth(self, rows: pd.DataFrame) -> np.ndarray:
        """The reference of `metrics.agreement.evaluate`.

        rows: [n, columns], cells as in `Table.rows`; an absent target column counts as empty.
        Returns int64 [n] class indices, -1 for an unknown class; or float32 [n, labels] of 0 and 1, without unknown
        labels; or float64 [n, targets] numbers, NaN where a cell is not a number; or [n, 0] for texts.
        """
        return self.kind.truth(self._cells(rows), self.labels)

    def known(self, rows: pd.DataFrame) -> np.ndarray:
        """Bool [n]: rows whose truth the model can predict: every number is present, every label is known."""
        return self.kind.known(self._cells(rows), self.labels)

    def encode(self, rows: pd.DataFrame) -> Encoded:
        """Training targets, float32 [n, outputs]: one-hot, multi-hot, or standardised numbers.

        A row that is not `known` has zeros for classes and labels, NaN for numbers.
        """
        if (
            self.kind.several and self.kind.labelled
        ):  # some rows at a time: 4 bytes for each label of all of them may be too much
            parts = [self.truth(rows.iloc[k : k + ROWS_AT_ONCE]) for k in range(0, len(rows), ROWS_AT_ONCE)]
            return MultiHot.of(parts, self.outputs)
        return self.kind.encode(self.truth(rows), self)

    def _cells(self, rows: pd.DataFrame) -> list[pd.Series]:
        empty = pd.Series("", range(len(rows)), dtype=object)
        return [rows.get(name, empty) for name in self.names]

    def restore(self, standardised: np.ndarray) -> np.ndarray:
        """Standardised numbers [n, targets] -> the units of the targets, float64 [n, targets]."""
        return np.asarray(standardised, "float64") * np.array(self.deviation) + np.array(self.mean)

    def to_json(self) -> dict[str, Any]:
        """A JSON object for `from_json`."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Any, source: str = "schema.json") -> Targets:
        """Targets from the JSON object of `to_json`. source: the file, for the message.

        Raises InputError when a key is missing, has another type, or does not fit the others.
        """
        types = {"names": str, "labels": str, "mean": int | float, "deviation": int | float}
        try:
            valid = values["task"] in TARGET_KINDS and all(
                isinstance(values[key], list) and all(isinstance(item, item_type) for item in values[key])
                for key, item_type in types.items()
            )
            notations, missing = (tuple(map(str, values.get(key, ()))) for key in ("notations", "missing"))
            fields = {key: tuple(values[key]) for key in types} if valid else {}
            targets = cls(values["task"], **fields, notations=notations, missing=missing) if valid else None
        except (KeyError, TypeError):
            targets = None
        if targets is None or not targets._fits():
            raise InputError(f"{source}: the run is damaged, what it says of the targets cannot be used. Train again.")
        return targets

    def _fits(self) -> bool:
        one_column = self.kind.several or len(self.names) == 1
        numbers = 0 if self.kind.labelled else len(self.names)
        same_length = len(self.mean) == len(self.deviation) == numbers
        if len(self.notations) not in (0, len(self.names)):
            return False
        return bool(self.outputs and one_column and same_length and all(d > 0 for d in self.deviation))


def fit_targets(
    task: str, names: Sequence[str], train: pd.DataFrame, notations: Sequence[str] = (), missing: Iterable[str] = ()
) -> Targets:
    """The classes or labels of the training rows, or the mean and deviation of their numbers.

    train: [n, columns], cells as in `Table.rows`. notations: of the columns, () where all are plain. missing: as in
    Targets.
    """
    fitted: dict[str, Any] = {"labels": (), "mean": (), "deviation": ()}
    fitted |= KINDS[TARGET_KINDS[task]].fit([train[name] for name in names])
    written = tuple(notations) if any(notations) else ()
    return Targets(task, tuple(names), **fitted, notations=written, missing=tuple(dict.fromkeys(missing)))
