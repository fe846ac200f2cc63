"""The training data that mmkeras prepares before it builds a model: for benchmarks of what comes after."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras import Config
from mmkeras.data.splits.split import split_table
from mmkeras.data.table import Table
from mmkeras.data.targets.targets import fit_targets
from mmkeras.modalities.adapt import adapt_columns, input_entries
from mmkeras.modalities.media.check import check_media
from mmkeras.models import MODELS
from mmkeras.system.tensorflow import start_tensorflow
from mmkeras.training.resolve import resolved
from mmkeras.training.sources import read_tables


@dataclass(frozen=True)
class Prepared:
    """config: with task, model and fusion resolved. table: the good rows. material: a `TrainingData`."""

    config: Config
    table: Table
    material: Any


def silent(line: str) -> None:
    """A log without output."""


def prepared(config: Config, folder: Path) -> Prepared:
    """Read a table, check its media, split it, adapt its columns, make the features: as a training does.

    folder: for the features, which are reused if they are there already.
    """
    (folder / "state").mkdir(parents=True, exist_ok=True)
    tables = read_tables(config, silent)
    config = resolved(config, tables["table"])
    tables, media = check_media(config, tables, folder, silent)
    split = split_table(tables["table"], config.data, None)
    start_tensorflow(config.training.seed, large_tensors=True)
    from mmkeras.tasks.prediction.material import TrainingData  # late: Keras must be imported after the seed is set

    targets = fit_targets(tables["table"].task, [column.name for column in tables["table"].targets], split.train)
    text_spec = importlib.import_module(MODELS[config.model.model]).text_spec(config.text)
    columns, features = adapt_columns(config, tables, split, media, text_spec, True, folder, silent)
    inputs = input_entries(columns, tables["table"], takes_presence=True)
    encoded = {name: targets.encode(getattr(split, name)) for name in features}
    return Prepared(config, tables["table"], TrainingData(columns, features, targets, encoded, split, inputs))
