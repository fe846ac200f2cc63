"""The features of a trained linear part that say most, and the training data with these alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.features.column_features import bag_features, bags_in
from mmkeras.modalities import Modality
from mmkeras.modalities.text.column import TextColumn, compute_features
from mmkeras.modalities.text.fewer_features import changes_of_idf, energies, fewer_features, fewer_in_bags
from mmkeras.models import WIDE
from mmkeras.models.core import Core
from mmkeras.system.progress import silent
from mmkeras.tasks.prediction.material import TrainingData

SHORT: Final = (64, 96, 128, 256)  # bytes
MOST_TEXTS: Final = 0.95
LOOKED_AT: Final = 2000  # texts
ROOMY: Final = 400_000  # bytes of a budget in which a faster function leaves room for features


def text_columns(data: TrainingData) -> dict[str, TextColumn]:
    """The columns by name. Raises InputError for one without a table of n-grams."""
    columns = {}
    for name, column in data.columns.items():
        if not isinstance(column, TextColumn) or column.bag is None:
            raise InputError(
                f"--size-budget: the column {name} is read by an encoder, which has no table of n-grams to make "
                "smaller. Leave out --size-budget, or --text-encoder."
            )
        columns[name] = column
    return columns


@dataclass(frozen=True)
class RankedFeatures:
    """All features of the text columns, those that say most first. columns, rows: [n], of each feature its column (its
    place among `data.columns`) and its row in the column's table. data: of the model with all of them.
    """

    data: TrainingData
    columns: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, core: Core, data: TrainingData) -> RankedFeatures:
        """Ranked by max|w| * sqrt(sum x**2): the largest change of a logit, for all training rows together.

        A softmax does not see what a row of the table has for all classes alike, so w is taken from the middle of
        the row's range: 0.1 to 0.6 points more accurate than |w| as it stands, the more the fewer are kept.
        """
        scores, columns, rows = [], [], []
        for place, name in enumerate(text_columns(data)):
            table = np.asarray(core.model.get_layer(WIDE.format(name=name)).table)
            reach = (table.max(axis=1) - table.min(axis=1)) / 2
            scores.append((reach * energies(bags_in(data.features["train"], name), len(table)))[1:])
            rows.append(np.arange(1, len(table)))
            columns.append(np.full(len(table) - 1, place))
        order = np.argsort(-np.concatenate(scores), kind="stable")
        return cls(data, np.concatenate(columns)[order], np.concatenate(rows)[order])

    def kept(self, count: int, bits: int | None) -> dict[str, tuple[TextColumn, np.ndarray]]:
        """Name -> the column with its share of the `count` first features, and the old row of each new row."""
        kept = {}
        for place, (name, column) in enumerate(text_columns(self.data).items()):
            rows = self.rows[:count][self.columns[:count] == place]
            state, old_rows = fewer_features(column.state, rows)
            vectors = None if column.vectors is None else column.vectors[old_rows]
            kept[name] = replace(column, state=state, vectors=vectors, bits=bits), old_rows
        return kept

    def columns_of(self, count: int, bits: int | None) -> dict[str, TextColumn]:
        """The columns of `kept` alone."""
        return {name: column for name, (column, _) in self.kept(count, bits).items()}

    def fewer(self, count: int, folder: Path) -> TrainingData:
        """The training data with the `count` first features. folder: for their bags, which are mapped into memory."""
        kept = self.kept(count, None)
        features: dict[str, list[Any]] = {part: [] for part in self.data.features}
        for name, (column, old_rows) in kept.items():
            state = text_columns(self.data)[name].state
            changes = changes_of_idf(state, column.state, old_rows)
            for part, found in features.items():
                bags = bags_in(self.data.features[part], name)
                fewer = fewer_in_bags(bags, old_rows, changes, state.n_rows, folder / name / part)
                found.append(bag_features(name, fewer))
        return replace(self.data, columns={name: column for name, (column, _) in kept.items()}, features=features)


def first_features(data: TrainingData, count: int, bits: int) -> dict[str, TextColumn]:
    """The columns with a few features each, whichever: of a model that is measured alone."""
    columns = {}
    for name, column in text_columns(data).items():
        first = column.state.n_rows - len(column.state.vocabulary.keys)
        rows = np.arange(first, min(first + count, column.state.n_rows))
        state, old_rows = fewer_features(column.state, rows)
        vectors = None if column.vectors is None else column.vectors[old_rows]
        columns[name] = replace(column, state=state, vectors=vectors, bits=bits)
    return columns


def with_row_lengths(data: TrainingData, n_bytes: int) -> TrainingData:
    """The training data with columns that say for which texts there is a faster function of one row: for short ones.

    A function takes 25 kB, and halves the time of a headline; on longer texts it saves next to nothing. n_bytes: the
    budget.
    """
    titles = {spec["name"]: spec["column"] for spec in data.inputs}
    columns: dict[str, Modality] = {}
    for name, column in text_columns(data).items():
        cells = data.split.train[titles[name]]
        some = [cells.iloc[k] for k in np.linspace(0, len(cells) - 1, min(len(cells), LOOKED_AT)).astype(int)]
        most = np.quantile([len(cell.encode("utf-8", "replace")) for cell in some], MOST_TEXTS)
        lengths = [n for n in SHORT if n >= most][:1] if n_bytes >= ROOMY else []
        columns[name] = replace(column, row_lengths=tuple(min(n, column.state.spec.max_bytes) for n in lengths))
    return replace(data, columns=columns)


def replace_bits(data: TrainingData, bits: int) -> TrainingData:
    """The training data with columns of so many bits a number in the deployed model."""
    columns: dict[str, Modality] = {name: replace(column, bits=bits) for name, column in text_columns(data).items()}
    return replace(data, columns=columns)


def as_deployed(data: TrainingData, bits: int, folder: Path) -> TrainingData:
    """The training data of a chosen model: columns with their bits, and held-out bags as the graph computes them.

    folder: for the bags, which are read from the texts again.
    """
    titles = {spec["name"]: spec["column"] for spec in data.inputs}
    data = replace_bits(data, bits)
    held_out = []
    for name, column in data.columns.items():
        cells: dict[str, list[str]] = {"train": [], "validation": data.split.validation[titles[name]].tolist()}
        held_out.append(compute_features(column, cells, folder, silent)["validation"])
    return replace(data, features={**data.features, "validation": held_out})
