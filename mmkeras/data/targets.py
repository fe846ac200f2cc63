"""What is predicted, as arrays: one class a row, labels, or numbers. Learned on the training rows, kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.columns import Column
from mmkeras.data.target_kinds import KINDS, TargetKind
from mmkeras.errors import InputError


@dataclass(frozen=True)
class Targets:
    """The target columns, and how their cells and the model's outputs are one another."""

    task: str
    """A key of TARGET_KINDS, such as `classify`."""
    names: tuple[str, ...]
    """The columns."""
    labels: tuple[str, ...]
    """The classes or labels, sorted, in the order of the outputs; () for numbers."""
    mean: tuple[float, ...]
    """Of each number over the training rows; () otherwise."""
    deviation: tuple[float, ...]
    """Standard deviation of each number over the training rows, 1 if they are all the same; () otherwise."""

    @property
    def kind(self) -> TargetKind:
        """What the columns hold."""
        return KINDS[TARGET_KINDS[self.task]]

    @property
    def outputs(self) -> int:
        """Width of the model's output."""
        return len(self.labels or self.mean)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The target columns as `read_rows` takes them."""
        return tuple(Column(name, TARGET_KINDS[self.task], "target") for name in self.names)

    def truth(self, rows: pd.DataFrame) -> np.ndarray:
        """What `metrics.agreement.evaluate` holds answers against.

        rows: [n, columns], cells as in `Table.rows`; a target column may be missing, which is as if it were empty.
        Returns int64 [n] class numbers, -1 for an unknown class; or float32 [n, labels] of 0 and 1, in which labels
        that are not known are left out; or float64 [n, targets] numbers, NaN where there is none; [n, 0] for texts.
        """
        return self.kind.truth(self._cells(rows), self.labels)

    def known(self, rows: pd.DataFrame) -> np.ndarray:
        """Bool [n]: rows with a truth that the model could give: every number is there, every label is known."""
        return self.kind.known(self._cells(rows), self.labels)

    def encode(self, rows: pd.DataFrame) -> np.ndarray:
        """What the model learns to give, float32 [n, outputs]: one-hot, multi-hot, or standardised numbers.

        A row that is not `known` has zeros for classes and labels, NaN for numbers.
        """
        return self.kind.encode(self.truth(rows), self)

    def _cells(self, rows: pd.DataFrame) -> list[pd.Series]:
        empty = pd.Series("", range(len(rows)), dtype=object)
        return [rows.get(name, empty) for name in self.names]

    def restore(self, standardised: np.ndarray) -> np.ndarray:
        """Standardised numbers [n, targets] -> the targets' own units, float64 [n, targets]."""
        return np.asarray(standardised, "float64") * np.array(self.deviation) + np.array(self.mean)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` takes."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Any, source: str = "schema.json") -> Targets:
        """What `to_json` gave. source: the file, for the message.

        Raises InputError when a part is missing, of another type, or does not fit the others.
        """
        parts = {"names": str, "labels": str, "mean": int | float, "deviation": int | float}
        try:
            good = values["task"] in TARGET_KINDS and all(
                isinstance(values[part], list) and all(isinstance(item, kind) for item in values[part])
                for part, kind in parts.items()
            )
            targets = cls(values["task"], *(tuple(values[part]) for part in parts)) if good else None
        except (KeyError, TypeError):
            targets = None
        if targets is None or not targets._fits():
            raise InputError(f"{source}: the run is damaged, what it says of the targets cannot be used. Train again.")
        return targets

    def _fits(self) -> bool:
        one_column = self.kind.several or len(self.names) == 1
        numbers = 0 if self.kind.labelled else len(self.names)
        same_length = len(self.mean) == len(self.deviation) == numbers
        return bool(self.outputs and one_column and same_length and all(d > 0 for d in self.deviation))


def fit_targets(task: str, names: Sequence[str], train: pd.DataFrame) -> Targets:
    """The classes or labels of the training rows, or the mean and deviation of their numbers.

    train: [n, columns], cells as in `Table.rows`.
    """
    nothing: dict[str, Any] = {"labels": (), "mean": (), "deviation": ()}
    return Targets(task, tuple(names), **nothing | KINDS[TARGET_KINDS[task]].fit([train[name] for name in names]))
