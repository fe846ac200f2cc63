"""A CSV through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

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
from mmkeras.system.files import write_csv
from mmkeras.system.outputs import name_of
from mmkeras.system.progress import Log

BATCH = 32


@dataclass(frozen=True)
class FilePredictions:
    """The predictions of a file's rows, float32 [rows, outputs], in the order of the file; faults: unreadable cells."""

    reader: RowReader
    predictions: np.ndarray
    targets: Targets
    faults: list[Fault]


def predict_file(
    runner: Runner, artefact: str | Path, path: str | Path, root: MediaRoot, log: Log = print, **reading: Any
) -> FilePredictions:
    """Read every row of a file and predict it. Missing columns are logged.

    artefact: the path of the runner's artefact: files of tokenizers lie there, or in a folder above.
    Raises InputError for a missing file or column, or a file without rows.
    """
    signature = runner.signature
    targets = Targets.from_json(signature["targets"], f"{artefact}")
    takes_presence = any(input_spec["kind"] == PRESENCE for input_spec in signature["inputs"])
    reader = RowReader.open(path, signature["inputs"], targets.columns, root, inputs_optional=takes_presence, **reading)
    if not len(reader.table.rows):
        raise InputError(f"{path}: there are no rows to answer.")
    reader.log_missing(log)
    reader.log_unknown(log)
    inputs = with_tokenizers(reader.inputs_present, [Path(artefact), *Path(artefact).parents[:3]])
    predictions, faults = predict_rows(runner, reader, inputs, artefact)
    return FilePredictions(reader, predictions, targets, faults)


def predict(
    runner: Runner,
    artefact: str | Path,
    path: str | Path,
    output: str | Path | TextIO,
    *,
    probabilities: bool,
    media_root: str | None = None,
    allow_outside: bool = False,
    raw_cells: bool = False,
    overwrite: bool = True,
    log: Log = print,
    **reading: Any,
) -> None:
    """Predict every row of a file and write a CSV: prediction, probability, and with `probabilities` a column a class.

    output: a path, or a stream. raw_cells: do not mark cells that a spreadsheet would run as formulas.

    If the file has the target columns, log the figures and a table with a line for each class, label or number.
    Raises InputError as `predict_file` does, and without `overwrite` for a file that is there at the end.
    """
    root = MediaRoot.of(path, media_root, allow_outside)
    predicted = predict_file(runner, artefact, path, root, log, **reading)
    cells = FormulaCells(raw_cells)
    rows = as_cells(predicted.predictions, predicted.targets, probabilities)
    write_csv(output, cells.marked(rows), new=not overwrite)
    cells.log_marked(log)
    predicted.reader.log_faults(predicted.faults, log)
    score(predicted.reader.table, predicted.predictions, predicted.targets, log)
    log(f"{len(predicted.predictions)} predictions: {name_of(output)}")


def predict_rows(
    runner: Runner, reader: RowReader, inputs: list[InputSpec], artefact: str | Path
) -> tuple[np.ndarray, list[Fault]]:
    """Predictions float32 [rows, outputs] in the order of the file, and the faults of unreadable cells.

    Raises InputError where a prediction is NaN or infinite.
    """
    output = runner.signature["outputs"][0]["name"]
    predictions, faults = [], list[Fault]()
    for rows in reader.parts(inputs, BATCH):
        answers = runner(to_arrays(rows.values, inputs, range(rows.count)), [output])[output]
        predictions.append(finite(answers, f"{artefact}, rows {rows.start + 1} to {rows.start + rows.count}"))
        faults += rows.faults
    return np.concatenate(predictions), faults


def as_cells(predictions: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[str]]:
    """The header and the rows of the CSV: numbers, or the decision, its probability and those of all classes."""
    if not targets.labels:
        several = len(targets.names) > 1
        yield [f"prediction {name}" if several else "prediction" for name in targets.names]
        yield from ([f"{value:.7g}" for value in row] for row in predictions)
        return
    yield ["prediction", "probability", *(targets.labels if probabilities else [])]
    for words, confidence, row in zip(*decide(targets.task, predictions, targets.labels), predictions, strict=True):
        yield [words, f"{confidence:.6f}", *(f"{p:.6f}" for p in (row if probabilities else []))]


def score(table: Table, predictions: np.ndarray, targets: Targets, log: Log) -> None:
    """Log the figures of the predictions, if the table has the target columns."""
    if not all(name in table.rows.columns for name in targets.names):
        return
    has_truth = targets.known(table.rows)  # bool [rows]
    if not has_truth.all():
        n_unknown = int((~has_truth).sum())
        names = ", ".join(targets.names)
        log(f"{n_unknown} rows have a {names} that the model does not know; they are left out of the figures")
    if has_truth.any():
        truth = targets.truth(table.rows[has_truth])
        figures = evaluate(targets.task, truth, predictions[has_truth], list(targets.labels or targets.names))
        log(table_of(figures))
        log(summary(figures))
