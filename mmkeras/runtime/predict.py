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
    """Raise InputError for a file that cannot be written, or that is there already."""
    if output.is_dir():
        raise InputError(f"{output}: expected the name of a file to write, received a folder. Choose another --output.")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: it exists already. Replace it with --overwrite, or choose another --output.")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} is not there. Make it, or choose another --output.")
    try:  # now, not when all is answered
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{output}: no file can be written there ({reason}). Choose another --output.") from None


@dataclass(frozen=True)
class Answered:
    """A file's rows and their answers, float32 [rows, outputs], in the order of the file; what could not be read."""

    reader: RowReader
    answers: np.ndarray
    targets: Targets
    faults: list[Fault]


def read_and_answer(
    runner: Runner, artefact: str | Path, path: str | Path, root: MediaRoot, log: Log = print, **reading: Any
) -> Answered:
    """Read every row of a file and answer it. `log` is told which columns are missing.

    artefact: where the runner was opened: files of tokenizers lie there, or in a folder above.
    Raises InputError for a missing file or column, or a file without rows.
    """
    signature = runner.signature
    targets = Targets.from_json(signature["targets"], f"{artefact}")
    takes_presence = any(entry["kind"] == PRESENCE for entry in signature["inputs"])
    reader = RowReader.open(path, signature["inputs"], targets.columns, root, inputs_optional=takes_presence, **reading)
    if not len(reader.table.rows):
        raise InputError(f"{path}: there are no rows to answer.")
    reader.say_missing(log)
    inputs = with_tokenizers(reader.inputs_there, [Path(artefact), *Path(artefact).parents[:3]])
    answers, faults = answer_rows(runner, reader, inputs)
    return Answered(reader, answers, targets, faults)


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
    """Answer every row of a file and write a CSV: prediction, probability, and a column a class if asked for.

    If the target columns are there, print the figures and a table a class, label or number.
    Raises InputError as `read_and_answer` does.
    """
    output = Path(output)
    root = MediaRoot.of(path, media_root, allow_outside)
    answered = read_and_answer(runner, artefact, path, root, log, **reading)
    write_csv(output, as_cells(answered.answers, answered.targets, probabilities))
    answered.reader.say_faults(answered.faults, log)
    score(answered.reader.table, answered.answers, answered.targets, log)
    log(f"{len(answered.answers)} predictions: {output}")
    return output


def answer_rows(runner: Runner, reader: RowReader, inputs: list[InputSpec]) -> tuple[np.ndarray, list[Fault]]:
    """Answers float32 [rows, outputs] in the order of the file; and what could not be read."""
    answer = runner.signature["outputs"][0]["name"]
    answers, faults = [], list[Fault]()
    for rows in reader.parts(inputs, BATCH):
        answers.append(runner(to_arrays(rows.values, inputs, range(rows.count)), [answer])[answer])
        faults += rows.faults
    return np.concatenate(answers), faults


def as_cells(answers: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[str]]:
    """The header and the rows of the CSV of predictions: numbers, or what is decided, how surely, and of what."""
    if not targets.labels:
        several = len(targets.names) > 1
        yield [f"prediction {name}" if several else "prediction" for name in targets.names]
        yield from ([f"{value:.7g}" for value in row] for row in answers)
        return
    yield ["prediction", "probability", *(targets.labels if probabilities else [])]
    for words, confidence, row in zip(*decide(targets.task, answers, targets.labels), answers, strict=True):
        yield [words, f"{confidence:.6f}", *(f"{p:.6f}" for p in (row if probabilities else []))]


def score(table: Table, answers: np.ndarray, targets: Targets, log: Log) -> None:
    """Print what the predictions are worth, if the truth is in the table."""
    if not all(name in table.rows.columns for name in targets.names):
        return
    known = targets.known(table.rows)
    if not known.all():
        unknown = int((~known).sum())
        names = ", ".join(targets.names)
        log(f"{unknown} rows have a {names} that the model does not know; they are left out of the figures")
    if known.any():
        truth = targets.truth(table.rows[known])
        figures = evaluate(targets.task, truth, answers[known], list(targets.labels or targets.names))
        log(table_of(figures))
        log(summary(figures))
