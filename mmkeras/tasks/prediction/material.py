"""What a model that answers rows is trained on: adapted columns, features and truth of both splits."""

from __future__ import annotations

import importlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.split import Split
from mmkeras.data.table import Table, write_csv
from mmkeras.data.targets import Targets
from mmkeras.features.batches import Batches
from mmkeras.features.column_features import ColumnFeatures
from mmkeras.modalities import Modality
from mmkeras.runs.run import LINE, PART, PREDICTION, PROBABILITY
from mmkeras.system.files import write_json
from mmkeras.tasks import TASKS

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class TrainingData:
    """What is learned from: adapted columns, and for each side of the split the features of its rows and their truth.

    encoded: side -> float32 [n, outputs], as the loss takes it. inputs: those of the signature, with presences.
    """

    columns: dict[str, Modality]
    sides: dict[str, list[ColumnFeatures]]
    targets: Targets
    encoded: dict[str, np.ndarray]
    split: Split
    inputs: list[dict[str, Any]]
    bad_rows: int = 0

    def batches(self, side: str, batch_size: int, config: Config, seed: int | None) -> Batches:
        """One side's rows; shuffled and weighted by class only where there is a seed: for training."""
        task = importlib.import_module(TASKS[self.targets.task])
        weights = None if seed is None else task.row_weights(self.encoded[side], config)
        return Batches(self.sides[side], self.encoded[side], batch_size, seed, weights, config.training.xla)


def write_held_out(split: Split, measured: Any, folder: Path) -> None:
    """validation.csv: the held-out rows as they were read, and what the model says of them, in columns of ours."""
    ours = [split.validation_lines.tolist(), measured.words, [f"{p:.6f}" for p in measured.confidence]]
    parts = [[f"{value:.6f}" for value in values] for values in measured.parts.values()]
    columns = [*ours, *parts, *(split.validation[name] for name in split.validation)]
    header = [LINE, PREDICTION, PROBABILITY, *(PART + name for name in measured.parts), *split.validation]
    write_csv(folder / "validation.csv", [header, *zip(*columns, strict=True)])


def write_schema(folder: Path, table: Table, columns: dict[str, Any], targets: Targets) -> None:
    """schema.json: the columns as read, and what the model takes and gives."""
    inputs = [
        {"name": name, "column": column.name, "kind": column.kind, **modality.entry()}
        for (name, modality), column in zip(columns.items(), table.inputs, strict=True)
    ]
    schema = {
        "task": targets.task,
        "target": targets.names[0],
        "targets": targets.to_json(),
        "labels": list(targets.labels),
        "inputs": inputs,
        "columns": [asdict(c) for c in table.columns],
        "file": {"path": table.path, "encoding": table.encoding, "delimiter": table.delimiter},
    }
    write_json(folder / "schema.json", schema)
