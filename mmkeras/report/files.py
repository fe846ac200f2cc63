"""Reads the files of a run folder that the report is made of."""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.data.values.formula_cells import unmarked
from mmkeras.report.held_out import HeldOut, read_held_out
from mmkeras.runs.run import EXPLAINED
from mmkeras.system.json_files import read_object

BAD_ROWS_SHOWN: Final = 10
ABLATION: Final = "ablation.json"


@dataclass(frozen=True)
class BadRows:
    """bad_rows.csv. by_column: column -> number of its bad rows, "" for malformed rows.

    shown: at most BAD_ROWS_SHOWN rows, the first ones of each column: file, line, column, reason.
    """

    by_column: dict[str, int]
    shown: list[dict[str, str]]


@dataclass(frozen=True)
class RunFiles:
    """The files of one run."""

    folder: Path
    config: dict[str, Any]
    schema: dict[str, Any]
    metrics: dict[str, Any]
    environment: dict[str, Any]
    history: list[dict[str, float]]
    """A dict for each epoch: `epoch`, `loss`, `val_loss`, `accuracy`, …"""
    ablation: dict[str, Any] | None
    """ablation.json, where this run is one of its trainings or the file lies in the folder."""

    @property
    def name(self) -> str:
        """The name of the run folder."""
        return self.folder.resolve().name

    @property
    def task(self) -> str:
        """The task, such as `classify`."""
        return str(self.schema["task"])

    @property
    def targets(self) -> list[str]:
        """The target columns."""
        return list(self.schema["targets"]["names"])

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input columns: name in the graph, column, kind, rule."""
        return list(self.schema["inputs"])

    @functools.cached_property
    def held_out(self) -> HeldOut:
        """validation.csv of a task that predicts rows."""
        with csv_rows(self.folder / "validation.csv") as rows:
            return read_held_out(rows, self.schema["targets"])

    @functools.cached_property
    def explained(self) -> dict[str, Any]:
        """explanations.json of a model with a linear part; {} without."""
        path = self.folder / EXPLAINED
        return read_json(path) if path.is_file() else {}

    @functools.cached_property
    def bad_rows(self) -> BadRows:
        """bad_rows.csv of a table."""
        with csv_rows(self.folder / "bad_rows.csv") as rows:
            return read_bad_rows(rows)


def read_run(folder: Path) -> RunFiles:
    """Read a finished run's JSON files and its history; held-out and bad rows are read on first use.

    Raises FileNotFoundError, naming the file, when one is absent.
    """
    parts = {name: read_json(folder / f"{name}.json") for name in ("config", "schema", "metrics", "environment")}
    with csv_rows(folder / "history.csv") as epochs:
        history = [{key: float(value) for key, value in epoch.items() if value} for epoch in epochs]
    return RunFiles(folder, **parts, history=history, ablation=find_ablation(folder))


def read_bad_rows(rows: Iterator[dict[str, str]]) -> BadRows:
    """Count the rows of bad_rows.csv, and keep some of each column: a frequent fault must not hide a rare one."""
    by_column: dict[str, int] = {}
    candidates: list[tuple[int, int, dict[str, str]]] = []  # (rank within its column, index in the file, row)
    for index, marked in enumerate(rows):
        row = {name: unmarked(cell) for name, cell in marked.items()}
        rank = by_column.get(row["column"], 0)
        by_column[row["column"]] = rank + 1
        if rank < BAD_ROWS_SHOWN:
            candidates.append((rank, index, row))
    shown = sorted(candidates, key=lambda candidate: candidate[:2])[:BAD_ROWS_SHOWN]
    return BadRows(by_column, [row for _, _, row in sorted(shown, key=lambda candidate: candidate[1])])


def find_ablation(folder: Path) -> dict[str, Any] | None:
    """The ablation of a run: `ablation.json` in its folder or the folder above; None without such a file."""
    for parent in (folder, folder.resolve().parent):
        if (parent / ABLATION).is_file():
            return read_json(parent / ABLATION)
    return None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises FileNotFoundError, and InputError for a damaged file or another kind of value."""
    if not path.exists():
        raise FileNotFoundError(2, "No such file", str(path))
    return read_object(path)


@contextmanager
def csv_rows(path: Path) -> Iterator[Iterator[dict[str, str]]]:
    """The rows of a CSV of the run, one at a time: validation.csv may hold more text than fits in memory."""
    before = csv.field_size_limit(2**31 - 1)  # a cell may be longer than the csv module's 128 KiB
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield csv.DictReader(file)
    finally:
        csv.field_size_limit(before)
