"""The training data of a model that predicts a row's target: adapted columns, features and targets of both splits."""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import Training
from mmkeras.data.splits.split import Split
from mmkeras.data.table import Table, write_csv
from mmkeras.data.targets.one_hot import Encoded
from mmkeras.data.targets.targets import Targets
from mmkeras.features.batches import Batches
from mmkeras.features.column_features import ColumnFeatures, RaggedFeatures
from mmkeras.modalities import Modality
from mmkeras.modalities.blocks import graph_columns
from mmkeras.runs.run import LINE, PART, PREDICTION, PROBABILITIES, PROBABILITY, TRUE_PROBABILITY
from mmkeras.system.files import atomic_write, write_json
from mmkeras.tasks import TASKS

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class TrainingData:
    """Adapted columns, and the features and targets of the rows of both splits.

    features: split name -> features of each column. encoded: split name -> targets float32 [n, outputs], as the loss
    takes them; of classes and labels, what acts as such an array. inputs: those of the signature, with presences.
    own_fusion: the model of a fusion that the user gave as a function.
    """

    columns: dict[str, Modality]
    features: dict[str, list[ColumnFeatures]]
    targets: Targets
    encoded: dict[str, Encoded]
    split: Split
    inputs: list[dict[str, Any]]
    bad_rows: int = 0
    own_fusion: Any = None

    def batches(self, split_name: str, batch_size: int, training: Training, seed: int | None) -> Batches:
        """Batches of one split; with a seed, for training: shuffled, and weighted by class."""
        task = importlib.import_module(TASKS[self.targets.task])
        weights = None if seed is None else task.row_weights(self.encoded[split_name], training)
        features, targets = self.features[split_name], self.encoded[split_name]
        return Batches(features, targets, batch_size, seed, weights, training.xla)

    def batches_of_all(self, batch_size: int, training: Training, seed: int) -> Batches:
        """Batches of the rows of both splits, for training. The columns are texts; their bags are read into memory."""
        task = importlib.import_module(TASKS[self.targets.task])
        targets = np.concatenate([self.encoded[name] for name in ("train", "validation")])
        bags: dict[str, list[RaggedFeatures]] = {
            name: [found for found in features if isinstance(found, RaggedFeatures)]
            for name, features in self.features.items()
        }
        features = [one.followed_by(other) for one, other in zip(bags["train"], bags["validation"], strict=True)]
        return Batches(features, targets, batch_size, seed, task.row_weights(targets, training), training.xla)


def write_held_out(split: Split, evaluation: Any, folder: Path) -> None:
    """validation.csv: the held-out rows as they were read, and added columns with the model's predictions."""
    confidence = [f"{p:.6f}" for p in evaluation.confidence]
    added = [split.validation_lines.tolist(), evaluation.predicted, confidence]
    parts = [[f"{value:.6f}" for value in values] for values in evaluation.parts.values()]
    columns = [*added, *parts, *(split.validation[name] for name in split.validation)]
    header = [LINE, PREDICTION, PROBABILITY, *(PART + name for name in evaluation.parts), *split.validation]
    write_csv(folder / "validation.csv", chain([header], zip(*columns, strict=True)))


def write_true_probabilities(predictions: np.ndarray, truth: np.ndarray, folder: Path) -> None:
    """held_out.npz: the probability of each held-out row's class, before the model was trained on these rows.

    predictions: float [n, classes]; truth: int [n]. validation.csv has the probability of the predicted class alone.
    """
    probabilities = predictions[np.arange(len(truth)), truth].astype("float32")
    with atomic_write(folder / PROBABILITIES) as partial:
        np.savez(partial, **{TRUE_PROBABILITY: probabilities})


def write_schema(folder: Path, table: Table, columns: dict[str, Any], targets: Targets) -> None:
    """schema.json: the columns as read, and the model's inputs and targets."""
    inputs = [
        {"name": name, "column": graph_column.title, "kind": graph_column.kind, **modality.entry()}
        | ({} if graph_column.block else graph_column.columns[0].reading())
        for (name, modality), graph_column in zip(columns.items(), graph_columns(table.inputs), strict=True)
    ]
    schema = {
        "task": targets.task,
        "target": targets.names[0],
        "targets": targets.to_json(),
        "labels": list(targets.labels),
        "inputs": inputs,
        "columns": [asdict(c) for c in table.columns],
        "notes": list(table.notes),
        "file": {"path": table.path, "encoding": table.encoding, "delimiter": table.delimiter},
    }
    write_json(folder / "schema.json", schema)
