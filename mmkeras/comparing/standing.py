"""How the rows of a comparison stand to a run: learned by it, held out by it, or new to it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.comparing.subjects import Subject
from mmkeras.errors import InputError
from mmkeras.runs.row_digests import RowDigests, digests_of
from mmkeras.runs.run import LINE, Run
from mmkeras.tasks.held_out import read_held_out


@dataclass(frozen=True)
class Rows:
    """Rows to compare on. frame: all columns of their file, cells as in `Table.rows`; lines: int64 [n] in the file.

    path: of the file; sha256: its content's.
    """

    frame: pd.DataFrame
    lines: np.ndarray
    path: str
    sha256: str

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: np.ndarray) -> Rows:
        """Some of the rows: bool [n]."""
        return Rows(self.frame[rows].reset_index(drop=True), self.lines[rows], self.path, self.sha256)


@dataclass(frozen=True)
class Standing:
    """learned: bool [n], rows that the weights depend on. saved: int64 [n], the row of validation.csv, else -1.

    unsure: bool [n], rows of which a run of an earlier version does not tell whether it has learned them.
    """

    learned: np.ndarray
    saved: np.ndarray
    unsure: np.ndarray


def held_out_rows(run: Run, columns: list[str]) -> Rows:
    """The held-out rows of a run, in the order of validation.csv."""
    frame = read_held_out(run.folder, columns)
    if LINE not in frame:
        raise InputError(f"{run.folder / 'validation.csv'}: the run is damaged, it has no column {LINE}. Train again.")
    lines = frame[LINE].astype("int64").to_numpy()
    path = run.config.data.validation or run.config.data.csv
    own = frame[[str(name) for name in frame if not str(name).startswith("mmkeras:")]]
    return Rows(own, lines, path, str(hashes_of(run).get(path, "")))


def hashes_of(run: Run) -> dict[str, Any]:
    """Path of a file of the training -> SHA-256."""
    hashes = run.environment.get("sha256", {})
    return hashes if isinstance(hashes, dict) else {}


def standing(subject: Subject, rows: Rows) -> Standing:
    """How rows stand to a run; all are new to an artefact, which does not say what it has learned.

    A row is known by its line where the file is the same, else by the cells of the run's inputs.
    Raises InputError where the rows lack an input of the run.
    """
    n, run = len(rows), subject.run
    nothing, none_saved = np.zeros(n, dtype=bool), np.full(n, -1)
    if run is None:
        return Standing(nothing, none_saved, ~nothing)
    absent = [name for name in subject.columns if name not in rows.frame]
    if absent:
        raise InputError(f"{subject.name}: it reads the column {absent[0]!r}, which rows of {rows.path} do not have.")
    own = held_out_rows(run, subject.columns)
    digests, sides = RowDigests.load(run.folder), sides_of(run, rows.sha256)
    content = content_of(rows.frame, subject.columns)
    learned, saved, unsure = nothing.copy(), none_saved.copy(), nothing.copy()
    if sides:
        row_of_line = {line: row for row, line in enumerate(own.lines.tolist())} if own.sha256 == rows.sha256 else {}
        learned = np.array([sides.get(line) == "train" for line in rows.lines.tolist()], dtype=bool)
        held_out = np.array([sides.get(line) == "validation" for line in rows.lines.tolist()], dtype=bool)
        saved = np.array([row_of_line.get(line, -1) for line in rows.lines.tolist()])
    else:
        row_of_content = {key: row for row, key in enumerate(content_of(own.frame, subject.columns).tolist())}
        saved = np.array([row_of_content.get(key, -1) for key in content.tolist()])
        held_out = saved >= 0
        if digests is not None and digests.telling:
            learned = np.isin(content, digests.train)
            held_out |= np.isin(content, digests.held_out)
        else:
            unsure = ~held_out if digests is None else ~nothing
            saved = saved if digests is None else none_saved
    if digests is not None and digests.telling:
        learned |= np.isin(content, digests.earlier)
    if subject.folded:
        learned |= held_out & (saved < 0)  # learned after the figures, and no prediction from before is kept
    return Standing(learned, saved, unsure)


def content_of(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The digest of each row's input cells, uint64 [n], as `rows.npz` has it."""
    return digests_of(zip(*(frame[name].astype(str) for name in sorted(columns)), strict=True))


def sides_of(run: Run, sha256: str) -> dict[int, str]:
    """Line -> `train` or `validation`, of the rows of a file with this content; {} if the run has not read it."""
    names = {name for name, digest in hashes_of(run).items() if sha256 and digest == sha256}
    path: Path = run.folder / "split.csv"
    if not names or not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        return {int(line["line"]): line["side"] for line in lines if line["file"].removeprefix("'") in names}
