"""What is predicted, as arrays: one class a row, labels, or numbers. Learned on the training rows, kept as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.data.cells import split_labels, to_floats
from mmkeras.data.columns import TARGET_KINDS, Column
from mmkeras.errors import InputError

SMALLEST_DEVIATION = 1e-30
"""What is closer together than this does not differ in float32."""


@dataclass(frozen=True)
class Targets:
    """The target columns, and how their cells and the model's outputs are one another."""

    task: str
    """`classify`, `multilabel` or `regress`."""
    names: tuple[str, ...]
    """The columns."""
    labels: tuple[str, ...]
    """The classes or labels, sorted, in the order of the outputs; () for numbers."""
    mean: tuple[float, ...]
    """Of each number over the training rows; () otherwise."""
    deviation: tuple[float, ...]
    """Standard deviation of each number over the training rows, 1 if they are all the same; () otherwise."""

    @property
    def outputs(self) -> int:
        """Width of the model's output."""
        return len(self.names) if self.task == "regress" else len(self.labels)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The target columns as `read_rows` takes them."""
        return tuple(Column(name, TARGET_KINDS[self.task], "target") for name in self.names)

    def truth(self, rows: pd.DataFrame) -> np.ndarray:
        """What `metrics.evaluate` holds answers against.

        rows: [n, columns], cells as in `Table.rows`; a target column may be missing, which is as if it were empty.
        Returns int64 [n] class numbers, -1 for an unknown class; or float32 [n, labels] of 0 and 1, in which labels
        that are not known are left out; or float64 [n, targets] numbers, NaN where there is none.
        """
        cells = [rows[name] if name in rows else pd.Series("", range(len(rows)), dtype=object) for name in self.names]
        if self.task == "regress":
            return np.stack([to_floats(column) for column in cells], axis=1)  # targets * [n] -> [n, targets]
        if self.task == "classify":
            return pd.Index(list(self.labels), dtype=object).get_indexer(pd.Index(cells[0])).astype("int64")
        place = {label: k for k, label in enumerate(self.labels)}
        hot = np.zeros((len(rows), len(self.labels)), "float32")
        for row, cell in zip(hot, cells[0], strict=True):
            row[[place[label] for label in split_labels(cell) if label in place]] = 1
        return hot

    def known(self, rows: pd.DataFrame) -> np.ndarray:
        """Bool [n]: rows with a truth that the model could give: every number is there, every label is known."""
        if self.task == "multilabel":
            if self.names[0] not in rows:
                return np.zeros(len(rows), dtype=bool)
            labels = set(self.labels)
            cells = map(split_labels, rows[self.names[0]])
            return np.array([bool(row) and labels.issuperset(row) for row in cells], dtype=bool)
        truth = self.truth(rows)
        return truth >= 0 if self.task == "classify" else ~np.isnan(truth).any(axis=1)

    def encode(self, rows: pd.DataFrame) -> np.ndarray:
        """What the model learns to give, float32 [n, outputs]: one-hot, multi-hot, or standardised numbers.

        A row that is not `known` has zeros for classes and labels, NaN for numbers.
        """
        truth = self.truth(rows)
        if self.task == "classify":
            return (truth[:, None] == np.arange(len(self.labels))).astype("float32")  # [n, 1] == [classes]
        if self.task == "regress":
            return ((truth - np.array(self.mean)) / np.array(self.deviation)).astype("float32")
        return truth

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
            found = cls(values["task"], *(tuple(values[part]) for part in parts)) if good else None
        except (KeyError, TypeError):
            found = None
        if found is None or not found._fits():
            raise InputError(f"{source}: the run is damaged, what it says of the targets cannot be used. Train again.")
        return found

    def _fits(self) -> bool:
        numbers = len(self.names) if self.task == "regress" else 0
        one_column = self.task == "regress" or len(self.names) == 1
        same_length = len(self.mean) == len(self.deviation) == numbers
        return bool(self.outputs and one_column and same_length and all(d > 0 for d in self.deviation))


def learn_targets(task: str, names: Sequence[str], train: pd.DataFrame) -> Targets:
    """The classes or labels of the training rows, or the mean and deviation of their numbers.

    train: [n, columns], cells as in `Table.rows`.
    """
    if task == "generate":
        return Targets(task, tuple(names), (), (), ())
    if task == "regress":
        mean, deviation = zip(*(_spread(to_floats(train[name])) for name in names), strict=True)
        return Targets(task, tuple(names), (), mean, deviation)
    cells = train[names[0]]
    split = (split_labels(cell) if task == "multilabel" else (cell,) for cell in cells.unique())
    return Targets(task, tuple(names), tuple(sorted({label for labels in split for label in labels})), (), ())


def _spread(numbers: np.ndarray) -> tuple[float, float]:
    """Mean and deviation, the latter 1 for numbers that do not differ."""
    scale = float(np.abs(numbers).max()) or 1.0  # squares of very large numbers would overflow
    mean, deviation = scale * (numbers / scale).mean(), scale * (numbers / scale).std()
    same = numbers.min() == numbers.max() or deviation < SMALLEST_DEVIATION
    return float(mean), 1.0 if same else float(deviation)
