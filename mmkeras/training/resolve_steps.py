"""Settings of the text classifier that the number and the length of the rows decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.table import Table
from mmkeras.models.steps import GOING_ON, rows_of_feature, steps_of
from mmkeras.system.progress import Log


def steps_resolved(config: Config, tables: Mapping[str, Table], log: Log) -> Config:
    """The Config with epochs, batch size and the rows of a feature; those that no flag says are logged."""
    training, new = config.training, not config.training.continue_from
    rows = sum(len(table.rows) for table in tables.values())
    epochs, batch_size = steps_of(rows) if new else GOING_ON
    flags: dict[str, Any] = {}
    words = {}
    if training.epochs is None:
        flags["epochs"], words["--epochs"] = epochs, f"{epochs} epochs"
    if training.batch_size is None:
        flags["batch_size"], words["--batch-size"] = batch_size, f"batches of {batch_size} rows"
    if config.text.min_rows is None and new:
        length = mean_length(tables["table"])
        flags["min_rows"] = least = rows_of_feature(rows, length)
        of_rows = "2 rows" if least > 1 else "1 row"
        words["--min-rows"] = f"features of at least {of_rows}, as texts have {length:.0f} characters"
    if flags and not config.output.resume:
        log(f"{rows:,} rows: {', '.join(words.values())} ({', '.join(words)} change{'s' * (len(words) == 1)} it)")
    return config.replace(**flags)


def mean_length(table: Table) -> float:
    """Characters of a row's texts on average."""
    return sum(sum(map(len, table.rows[column.name])) for column in table.inputs) / max(1, len(table.rows))
