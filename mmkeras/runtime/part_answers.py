"""The parts of a table through a Runner, on all cores, in the order of the table.

A runtime leaves Python's lock while it computes, so a thread a core is enough, each with a Runner that calls no
threads of its own. A part is read, put into batches and answered by one thread; the parts before it are written
meanwhile.
"""

from __future__ import annotations

import contextlib
import queue
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.data.table import Table
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.answering import finite
from mmkeras.runtime.batches import BYTES, batches
from mmkeras.runtime.feeds import Fault, read_cells
from mmkeras.runtime.runners import Runner
from mmkeras.system.threads import in_order
from mmkeras.system.workers import cpu_count

TURN: Final = 2e-4
"""Seconds that a thread may keep Python's lock while others wait: a batch of headlines takes 7e-4."""


@dataclass(frozen=True)
class PartAnswers:
    """Consecutive rows of a table and their predictions, float32 [rows, outputs]. faults: of unreadable cells."""

    table: Table
    predictions: np.ndarray
    faults: list[Fault]


@dataclass(frozen=True)
class Answering:
    """How rows are answered. inputs: those to read, with the folders of their tokenizers. root: of relative paths."""

    runner: Runner
    artefact: str | Path
    inputs: Sequence[InputSpec]
    root: MediaRoot

    def answers(self, parts: Iterable[Table], threads: int | None = None) -> Generator[PartAnswers, None, None]:
        """The predictions of each part of a table, in their order. threads: None for one a core.

        Only a few parts are in memory at a time. Raises InputError where a prediction is NaN or infinite.
        """
        again: Callable[[], Runner] | None = getattr(self.runner, "again", None)
        threads = (threads or cpu_count()) if again else 1
        starts = _starts(parts)
        if threads < 2 or again is None:
            for table, start in starts:
                yield self.of_part(self.runner, table, start)
            return
        free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
        free.put(self.runner)

        def answer(part: tuple[Table, int]) -> PartAnswers:
            try:
                runner = free.get_nowait()
            except queue.Empty:
                runner = again()
            try:
                return self.of_part(runner, *part)
            finally:
                free.put(runner)

        with short_turns():
            yield from in_order(answer, starts, threads, threads)

    def of_part(self, runner: Runner, table: Table, start: int) -> PartAnswers:
        """The predictions of one part. start: rows before it."""
        count = len(table.rows)
        cells = {column.name: table.rows[column.name].tolist() for column in table.inputs}
        values, faults = read_cells(cells, self.inputs, self.root, count)
        spec = runner.signature["outputs"][0]
        predictions: Any = None
        for rows, arrays in batches(values, self.inputs, count, getattr(runner, "batch_bytes", BYTES)):
            answers = runner(arrays, [spec["name"]])[spec["name"]]
            if predictions is None:
                predictions = np.empty((count, *answers.shape[1:]), answers.dtype)
            predictions[rows] = answers
        odd = np.flatnonzero(~np.isfinite(predictions).all(axis=1))
        if len(odd):
            finite(predictions[odd], f"{self.artefact}, row {start + int(odd[0]) + 1}")
        by_line = [(int(table.lines[row]), column, reason) for row, column, reason in faults]
        return PartAnswers(table, predictions, by_line)


def _starts(parts: Iterable[Table]) -> Iterator[tuple[Table, int]]:
    start = 0
    for table in parts:
        yield table, start
        start += len(table.rows)


@contextlib.contextmanager
def short_turns() -> Iterator[None]:
    """Let threads take short turns inside the block: one that waits for Python's lock leaves its core idle."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
