"""A file through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from mmkeras.data.files.source import Source
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.ways_to_write import Written
from mmkeras.data.files.writing import as_texts, write_table
from mmkeras.data.kept_columns import LINE, OutColumn, with_kept_columns
from mmkeras.data.table import Table
from mmkeras.data.targets.targets import Targets
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.metrics.agreement import decide, evaluate
from mmkeras.metrics.tables import summary, table_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.answering import finite
from mmkeras.runtime.feeds import to_arrays, with_tokenizers
from mmkeras.runtime.row_reader import Fault, RowReader
from mmkeras.runtime.runners import Runner
from mmkeras.system.outputs import name_of
from mmkeras.system.progress import Log, Progress
from mmkeras.system.screen import notes

BATCH = 32
PREDICTION, PROBABILITY, PROBABILITIES = "prediction", "probability", "probabilities"

Rows = str | Path | StandardInput | Source
"""A file by its path, or rows that are no file."""


@dataclass(frozen=True)
class FilePredictions:
    """The predictions of a file's rows, float32 [rows, outputs], in the order of the file; faults: unreadable cells."""

    reader: RowReader
    predictions: np.ndarray
    targets: Targets
    faults: list[Fault]


def predict_file(
    runner: Runner, artefact: str | Path, path: Rows, root: MediaRoot, log: Log = print, **reading: Any
) -> FilePredictions:
    """Read every row of a file and predict it. Missing columns are logged.

    path: of the file, or rows that are no file. artefact: the path of the runner's artefact: files of tokenizers lie
    there, or in a folder above.
    Raises InputError for a missing file or column, or a file without rows.
    """
    signature = runner.signature
    targets = Targets.from_json(signature["targets"], f"{artefact}")
    takes_presence = any(input_spec["kind"] == PRESENCE for input_spec in signature["inputs"])
    reader = RowReader.open(path, signature["inputs"], targets.columns, root, inputs_optional=takes_presence, **reading)
    if not len(reader.table.rows):
        raise InputError(f"{reader.table.path}: there are no rows to answer.")
    reader.log_missing(notes(log))
    reader.log_unknown(notes(log))
    inputs = with_tokenizers(reader.inputs_present, [Path(artefact), *Path(artefact).parents[:3]])
    predictions, faults = predict_rows(runner, reader, inputs, artefact, log)
    return FilePredictions(reader, predictions, targets, faults)


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
    raw_cells: do not mark cells that a spreadsheet would run as formulas.

    If the file has the target columns, log the figures and a table with a line for each class, label or number.
    Raises InputError as `predict_file` does, and without `overwrite` for a file that is there at the end.
    """
    root = MediaRoot.of(path if isinstance(path, str | Path) else "rows", media_root, allow_outside)
    predicted = predict_file(runner, artefact, path, root, log, **reading)
    table, targets = predicted.reader.table, predicted.targets
    cells, written = FormulaCells(raw_cells), written or Written()
    answers = answer_columns(targets, probabilities)
    values = answer_rows(predicted.predictions, targets, probabilities)
    columns, rows = with_kept_columns(table, answers, values, keep_columns, notes(log), written.kind == "parquet")
    write_table(output, written, columns, rows, cells, new=not overwrite)
    cells.log_marked(notes(log))
    predicted.reader.log_faults(predicted.faults, notes(log))
    score(table, predicted.predictions, targets, log)
    count = f"{len(predicted.predictions)} predictions: {name_of(output)}"
    (log if isinstance(output, Path) else notes(log))(count)  # beside the rows on standard output it is no result


def predict_rows(
    runner: Runner, reader: RowReader, inputs: list[InputSpec], artefact: str | Path, log: Log = print
) -> tuple[np.ndarray, list[Fault]]:
    """Predictions float32 [rows, outputs] in the order of the file, and the faults of unreadable cells.

    Raises InputError where a prediction is NaN or infinite.
    """
    output = runner.signature["outputs"][0]["name"]
    predictions, faults = [], list[Fault]()
    progress = Progress(("", " rows predicted"), len(reader.table.rows), log)
    for rows in reader.parts(inputs, BATCH):
        answers = runner(to_arrays(rows.values, inputs, range(rows.count)), [output])[output]
        predictions.append(finite(answers, f"{artefact}, rows {rows.start + 1} to {rows.start + rows.count}"))
        faults += rows.faults
        progress.advance(rows.count)
    progress.end()
    return np.concatenate(predictions), faults


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
        yield from (row.tolist() for row in predictions)
        return
    for words, confidence, row in zip(*decide(targets.task, predictions, targets.labels), predictions, strict=True):
        yield [words, confidence, *(row.tolist() if probabilities else ())]


def as_cells(predictions: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[str]]:
    """The answers as the header and the rows of a CSV."""
    columns = answer_columns(targets, probabilities)
    yield [column.name for column in columns]
    yield from as_texts(columns, answer_rows(predictions, targets, probabilities))


def score(table: Table, predictions: np.ndarray, targets: Targets, log: Log) -> None:
    """Log the figures of the predictions, if the table has the target columns."""
    if not all(name in table.rows.columns for name in targets.names):
        return
    has_truth = targets.known(table.rows)  # bool [rows]
    if not has_truth.all():
        n_unknown = int((~has_truth).sum())
        names = ", ".join(targets.names)
        notes(log)(f"{n_unknown} rows have a {names} that the model does not know; they are left out of the figures")
    if has_truth.any():
        truth = targets.truth(table.rows[has_truth])
        figures = evaluate(targets.task, truth, predictions[has_truth], list(targets.labels or targets.names))
        log(table_of(figures))
        log(summary(figures))
