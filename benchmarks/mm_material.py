"""What the product's own training has in hand before it builds a model: for parts of the benchmark that begin there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.split import split_table
from mmkeras.data.table import Table
from mmkeras.data.targets import learn_targets
from mmkeras.modalities.adapt import prepare
from mmkeras.modalities.media.check import check_media
from mmkeras.training.train import read_tables, resolved, start_tensorflow


@dataclass(frozen=True)
class Prepared:
    """config: with the task and the fusion decided. table: its good rows. material: a `fitting.Material`."""

    config: Config
    table: Table
    material: Any


def silent(line: str) -> None:
    """Nothing is said of the preparation."""


def prepared(config: Config, folder: Path) -> Prepared:
    """Read a table, check its media, split it, adapt its columns, make the features: as `training.fit` does.

    folder: for the features; where it is there from another time they are found again.
    """
    (folder / "state").mkdir(parents=True, exist_ok=True)
    tables = read_tables(config, silent)
    config = resolved(config, tables["table"])
    tables, media = check_media(config, tables, folder, silent)
    split = split_table(tables["table"], config, None)
    start_tensorflow(config)
    from mmkeras.tasks.prediction.material import (
        Material,  # imports Keras, which must find the seed and the allocator set
    )

    targets = learn_targets(tables["table"].task, [column.name for column in tables["table"].targets], split.train)
    columns, sides = prepare(config, tables, split, media, folder, silent)
    encoded = {side: targets.encode(getattr(split, side)) for side in sides}
    return Prepared(config, tables["table"], Material(columns, sides, targets, encoded))
