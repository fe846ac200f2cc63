"""The files of a run folder that the report is made of, read as they are."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.report.held_out import HeldOut, read_held_out

BAD_ROWS_SHOWN: Final = 10
ABLATION: Final = "ablation.json"


@dataclass(frozen=True)
class BadRows:
    """What bad_rows.csv says. by_column: how many rows a column spoils, "" for rows that could not be read at all.

    shown: BAD_ROWS_SHOWN of them at most, the first ones of each column: file, line, column, reason.
    """

    by_column: dict[str, int]
    shown: list[dict[str, str]]


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
    ablation: dict[str, Any] | None
    """What `mmkeras ablate` found, where this run is one of its trainings or the file lies beside them."""

    @property
    def name(self) -> str:
        """The run's name: its folder's."""
        return self.folder.resolve().name

    @property
    def task(self) -> str:
        """What was learned: a key of `page.PAGES`."""
        return str(self.schema["task"])

    @property
    def targets(self) -> list[str]:
        """The columns that are predicted."""
        return list(self.schema["targets"]["names"])

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input columns: name in the graph, column, kind, rule."""
        return list(self.schema["inputs"])

    @functools.cached_property
    def held_out(self) -> HeldOut:
        """What validation.csv says, of a task that answers rows."""
        with csv_rows(self.folder / "validation.csv") as rows:
            return read_held_out(rows, self.schema["targets"])

    @functools.cached_property
    def bad_rows(self) -> BadRows:
        """What bad_rows.csv says, of a table."""
        with csv_rows(self.folder / "bad_rows.csv") as rows:
            return read_bad_rows(rows)


def read_run(folder: Path) -> RunFiles:
    """Read a finished run's JSON files and its history; held-out and bad rows are read when a page asks for them.

    Raises FileNotFoundError, naming the file, when one is absent.
    """
    parts = {name: read_json(folder / f"{name}.json") for name in ("config", "schema", "metrics", "environment")}
    with csv_rows(folder / "history.csv") as epochs:
        history = [{key: float(value) for key, value in epoch.items() if value} for epoch in epochs]
    return RunFiles(folder, **parts, history=history, ablation=find_ablation(folder))


def read_bad_rows(rows: Iterator[dict[str, str]]) -> BadRows:
    """Count the rows of bad_rows.csv, and keep some of each column, so that many of one kind do not hide another."""
    by_column: dict[str, int] = {}
    kept: list[tuple[int, int, dict[str, str]]] = []  # (how many of its column stand before it, place, row)
    for place, row in enumerate(rows):
        before = by_column.get(row["column"], 0)
        by_column[row["column"]] = before + 1
        if before < BAD_ROWS_SHOWN:
            kept.append((before, place, row))
    kept = sorted(kept, key=lambda found: found[:2])[:BAD_ROWS_SHOWN]
    return BadRows(by_column, [row for _, _, row in sorted(kept, key=lambda found: found[1])])


def find_ablation(folder: Path) -> dict[str, Any] | None:
    """The ablation that a run belongs to: `ablation.json` in its folder or the one above. None where there is none."""
    for place in (folder, folder.resolve().parent):
        if (place / ABLATION).is_file():
            return read_json(place / ABLATION)
    return None


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ValueError for another kind of value."""
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"{path}: expected a JSON object, found a {type(value).__name__}.")
    return value


@contextmanager
def csv_rows(path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """The rows of a CSV of ours, one at a time: validation.csv may hold more text than fits in memory."""
    before = csv.field_size_limit(2**31 - 1)  # a cell may be longer than the csv module's 128 KiB
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield csv.DictReader(file)
    finally:
        csv.field_size_limit(before)
