"""The files of a run folder that the report is made of, read as they are."""

from __future__ import annotations

import csv
import heapq
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from mmkeras.run import PREDICTION, PROBABILITY

BAD_ROWS_SHOWN: Final = 10
MISTAKES_SHOWN: Final = 25


@dataclass(frozen=True)
class RunFiles:
    """What one training wrote about itself."""

    folder: Path
    config: dict[str, Any]
    schema: dict[str, Any]
    metrics: dict[str, Any]
    environment: dict[str, Any]
    history: list[dict[str, float]]
    """A dict an epoch: `epoch`, `loss`, `val_loss`, `accuracy`, …"""
    mistakes: list[dict[str, str]]
    """The rows of validation.csv with a wrong prediction, the most confident first, at most MISTAKES_SHOWN."""
    bad_rows: list[dict[str, str]]
    """The first BAD_ROWS_SHOWN rows of bad_rows.csv: file, line, column, reason."""

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.folder.resolve().name

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input columns: name in the graph, column, kind, rule."""
        return list(self.schema["inputs"])


def read_run(folder: Path) -> RunFiles:
    """Read a finished run's JSON and CSV files. Raises FileNotFoundError, naming the file, when one is absent."""
    parts = {name: _read_json(folder / f"{name}.json") for name in ("config", "schema", "metrics", "environment")}
    target = parts["schema"]["target"]
    with _rows(folder / "history.csv") as epochs:
        history = [{key: float(value) for key, value in epoch.items() if value} for epoch in epochs]
    with _rows(folder / "validation.csv") as rows:
        wrong = (row for row in rows if row[PREDICTION] != row[target])
        mistakes = heapq.nlargest(MISTAKES_SHOWN, wrong, key=lambda row: float(row[PROBABILITY]))
    with _rows(folder / "bad_rows.csv") as rows:
        bad_rows = list(islice(rows, BAD_ROWS_SHOWN))
    return RunFiles(folder, **parts, history=history, mistakes=mistakes, bad_rows=bad_rows)


def _read_json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object, found a {type(value).__name__}.")
    return value


@contextmanager
def _rows(path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """The rows of a CSV of ours, one at a time: validation.csv may hold more text than fits in memory."""
    before = csv.field_size_limit(2**31 - 1)  # a cell may be longer than the csv module's 128 KiB
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield csv.DictReader(file)
    finally:
        csv.field_size_limit(before)
