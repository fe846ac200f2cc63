"""A file through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from mmkeras.data.columns.column import Column
from mmkeras.data.files.source import Source
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.ways_to_write import Written
from mmkeras.data.files.writing import write_table
from mmkeras.data.kept_columns import LINE, KeptColumns, OutColumn, kinds_of
from mmkeras.data.table_parts import ROWS, TableParts, read_table_parts, target_names
from mmkeras.data.targets.targets import Targets
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, InputSpec, columns_in
from mmkeras.metrics.agreement import decide
from mmkeras.metrics.tables import summary, table_of
from mmkeras.metrics.tally import Tally
from mmkeras.modalities import names_files
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import Fault, columns_of, with_tokenizers
from mmkeras.runtime.part_answers import Answering, PartAnswers
from mmkeras.runtime.row_notes import RowFaults, UnknownValues
from mmkeras.runtime.row_reader import RowReader
from mmkeras.runtime.runners import Runner
from mmkeras.system.outputs import name_of
from mmkeras.system.progress import Log, Progress
from mmkeras.system.screen import notes
from mmkeras.system.workers import cpu_count

PREDICTION, PROBABILITY, PROBABILITIES = "prediction", "probability", "probabilities"
FEW: Final = 64
"""Rows of a part at least, so that few rows do not open a runtime twice."""
OF_FILES: Final = 64  # rows of a part of pictures or clips, whose values are large

Rows = str | Path | StandardInput | Source
"""A file by its path, or rows that are no file."""


@dataclass
class FileAnswers:
    """The rows of a file on their way through a model: its predictions, part by part, and what is to be said of them.

    targets: of the model. table: the rows, read in parts.
    """

    answering: Answering
    table: TableParts
    targets: Targets
    log: Log = print

    def __post_init__(self) -> None:
        head = self.table.head
        self.faults = RowFaults(head.path)
        self.unknown = UnknownValues(self.answering.inputs, head)
        self.scored = target_names(head, self.targets.names)
        self.tally = Tally(self.targets.task, self.targets.labels or self.targets.names)
        self.count = self.without_truth = 0

    @property
    def part_rows(self) -> int:
        """Rows of a part: each core gets one, unless there are few."""
        of_files = any(names_files(spec["kind"]) for spec in columns_of(self.answering.inputs))
        least, most = (1, OF_FILES) if of_files else (FEW, ROWS)
        return max(least, min(most, -(-self.table.count // cpu_count())))

    def parts(self) -> Generator[PartAnswers, None, None]:
        """The predictions of each part, in the order of the file; they are counted on their way.

        Raises InputError where a prediction is NaN or infinite.
        """
        progress = Progress(("", " rows predicted"), self.table.count, self.log)
        with contextlib.closing(self.answering.answers(self.table.parts(self.part_rows))) as answers:
            for part in answers:
                self.faults.add(part.table.bad_rows, part.faults)
                self.unknown.add(part.table)
                self._score(part)
                self.count += len(part.predictions)
                progress.reach(self.count)
                yield part
        progress.end()

    def _score(self, part: PartAnswers) -> None:
        if not self.scored:
            return
        has_truth = self.targets.known(part.table.rows)  # bool [rows]
        self.without_truth += int((~has_truth).sum())
        if has_truth.any():
            self.tally.add(self.targets.truth(part.table.rows[has_truth]), part.predictions[has_truth])

    def log_notes(self, log: Log) -> None:
        """Log what could not be read, and what the model does not know."""
        self.unknown.log(self.table.head.path, log)
        self.faults.log(log)

    def log_figures(self) -> None:
        """Log the figures of the predictions, if the table has the target columns."""
        if self.scored and self.without_truth:
            names = ", ".join(self.targets.names)
            rows = f"{self.without_truth} rows have a {names} that the model does not know"
            notes(self.log)(f"{rows}; they are left out of the figures")
        if self.tally.rows:
            figures = self.tally.figures()
            self.log(table_of(figures))
            self.log(summary(figures))


def open_rows(
    runner: Runner, artefact: str | Path, path: Rows, root: MediaRoot, log: Log = print, **reading: Any
) -> FileAnswers:
    """Open a file of rows to predict. Missing columns are logged.

    path: of the file, or rows that are no file. artefact: the path of the runner's artefact: files of tokenizers lie
    there, or in a folder above.
    Raises InputError for a missing file or column, or a file without rows.
    """
    signature = runner.signature
    targets = Targets.from_json(signature["targets"], f"{artefact}")
    takes_presence = any(input_spec["kind"] == PRESENCE for input_spec in signature["inputs"])
    columns = [Column.read_as(part) for spec in columns_of(signature["inputs"]) for part in columns_in(spec)]
    table = read_table_parts(path, [*columns, *targets.columns], inputs_optional=takes_presence, **reading)
    reader = RowReader(table.head, signature["inputs"], root)
    if not table.count:
        raise InputError(f"{table.head.path}: there are no rows to answer.")
    reader.log_missing(notes(log))
    reader.log_notes(notes(log))
    inputs = with_tokenizers(reader.inputs_present, [Path(artefact), *Path(artefact).parents[:3]])
    return FileAnswers(Answering(runner, artefact, inputs, root), table, targets, log)


def predict(
    runner: Runner,
    artefact: str | Path,
    path: Rows,
    output: Path | TextIO,
    *,
    probabilities: bool,
    written: Written | None = None,
    keep_columns: bool = False,
    media_root: str | None = None,
    allow_outside: bool = False,
    raw_cells: bool = False,
    overwrite: bool = True,
    log: Log = print,
    **reading: Any,
) -> None:
    """Predict every row of a file and write a table: line, prediction, probability; a column a class, `probabilities`.

    output: a path, or a stream. written: how; None: as CSV. keep_columns: write the columns of the file, too.
    raw_cells: do not mark cells that a spreadsheet would run as formulas. Rows are read, answered and written in parts.

    If the file has the target columns, log the figures and a table with a line for each class, label or number.
    Raises InputError as `open_rows` does, and without `overwrite` for a file that is there at the end.
    """
    root = MediaRoot.of(path if isinstance(path, str | Path) else "rows", media_root, allow_outside)
    predicted = open_rows(runner, artefact, path, root, log, **reading)
    cells, written = FormulaCells(raw_cells), written or Written()
    table, answers = predicted.table, answer_columns(predicted.targets, probabilities)
    kinds = kinds_of(table.parts(ROWS)) if keep_columns and written.kind == "parquet" else None
    kept = KeptColumns.of(table.head, answers, keep_columns, kinds)
    kept.log_renamed(notes(log))

    def rows(parts: Iterator[PartAnswers]) -> Iterator[list[Any]]:
        for part in parts:
            yield from kept.rows(part.table, answer_rows(part.predictions, predicted.targets, probabilities))

    with contextlib.closing(predicted.parts()) as parts:
        first = next(parts)  # before anything is written: most errors show in it
        write_table(output, written, kept.columns, rows(itertools.chain([first], parts)), cells, new=not overwrite)
    cells.log_marked(notes(log))
    predicted.log_notes(notes(log))
    predicted.log_figures()
    count = f"{predicted.count} predictions: {name_of(output)}"
    (log if isinstance(output, Path) else notes(log))(count)  # beside the rows on standard output it is no result


def predict_rows(
    runner: Runner, reader: RowReader, inputs: list[InputSpec], artefact: str | Path
) -> tuple[np.ndarray, list[Fault]]:
    """Predictions float32 [rows, outputs] in the order of the file, and the faults of unreadable cells.

    Raises InputError where a prediction is NaN or infinite.
    """
    part = Answering(runner, artefact, inputs, reader.root).of_part(runner, reader.table, 0)
    return part.predictions, part.faults


def answer_columns(targets: Targets, probabilities: bool) -> list[OutColumn]:
    """The columns of the answers: numbers, or the decision, its probability and those of all classes."""
    if not targets.labels:
        several = len(targets.names) > 1
        names = [f"{PREDICTION} {name}" if several else PREDICTION for name in targets.names]
        return [OutColumn(name, "number", ".7g") for name in names]
    decision = OutColumn(PREDICTION, "labels" if {column.kind for column in targets.columns} == {"labels"} else "text")
    answers = [decision, OutColumn(PROBABILITY, "number", ".6f")]
    taken = [LINE, *(column.name for column in answers)]
    for label in targets.labels if probabilities else ():
        name = f"{label} (class)" if label in taken else label
        answers.append(OutColumn(name, "number", ".6f", within=PROBABILITIES, key=label))
    return answers


def answer_rows(predictions: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[Any]]:
    """The values of `answer_columns` for each row. predictions: float32 [rows, outputs]."""
    if not targets.labels:
        yield from predictions.tolist()
        return
    words, confidence = decide(targets.task, predictions, targets.labels)
    columns = [words, confidence.tolist(), *(predictions.T.tolist() if probabilities else ())]
    yield from map(list, zip(*columns, strict=True))
