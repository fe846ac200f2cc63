"""A CSV through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.table import Table, write_csv
from mmkeras.data.targets import Targets
from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.metrics.agreement import decide, evaluate
from mmkeras.metrics.tables import summary, table_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import to_arrays, with_tokenizers
from mmkeras.runtime.row_reader import Fault, RowReader
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

BATCH = 32


def check_output(output: Path, overwrite: bool) -> None:
    """Raise InputError for a file that cannot be written, or that exists and is not to be overwritten."""
    if output.is_dir():
        raise InputError(f"{output}: expected the name of a file to write, received a folder. Choose another --output.")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: it exists already. Replace it with --overwrite, or choose another --output.")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} is not there. Make it, or choose another --output.")
    try:  # now, not after all rows are predicted
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{output}: no file can be written there ({reason}). Choose another --output.") from None


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
    predictions, faults = predict_rows(runner, reader, inputs)
    return FilePredictions(reader, predictions, targets, faults)


def predict(
    runner: Runner,
    artefact: str | Path,
    path: str | Path,
    output: str | Path,
    *,
    probabilities: bool,
    media_root: str | None = None,
    allow_outside: bool = False,
    log: Log = print,
    **reading: Any,
) -> Path:
    """Predict every row of a file and write a CSV: prediction, probability, and with `probabilities` a column a class.

    If the file has the target columns, log the figures and a table with a line for each class, label or number.
    Raises InputError as `predict_file` does.
    """
    output = Path(output)
    root = MediaRoot.of(path, media_root, allow_outside)
    predicted = predict_file(runner, artefact, path, root, log, **reading)
    write_csv(output, as_cells(predicted.predictions, predicted.targets, probabilities))
    predicted.reader.log_faults(predicted.faults, log)
    score(predicted.reader.table, predicted.predictions, predicted.targets, log)
    log(f"{len(predicted.predictions)} predictions: {output}")
    return output


def predict_rows(runner: Runner, reader: RowReader, inputs: list[InputSpec]) -> tuple[np.ndarray, list[Fault]]:
    """Predictions float32 [rows, outputs] in the order of the file, and the faults of unreadable cells."""
    output = runner.signature["outputs"][0]["name"]
    predictions, faults = [], list[Fault]()
    for rows in reader.parts(inputs, BATCH):
        predictions.append(runner(to_arrays(rows.values, inputs, range(rows.count)), [output])[output])
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
