"""A CSV through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.table import Column, Table, read_rows, write_csv
from mmkeras.data.targets import Targets
from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE
from mmkeras.metrics.predictions import THRESHOLD, evaluate
from mmkeras.metrics.tables import summary, table_of
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import columns_of, feed, read_values, with_tokenizers
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Say

BATCH = 32
SHOWN = 5  # rows that could not be read whole, of each kind
Faults = list[tuple[int, str, str]]


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


def answer_rows(
    runner: Runner, table: Table, inputs: list[Any], root: MediaRoot
) -> Iterator[tuple[np.ndarray, Faults]]:
    """Answers [b, outputs] for the table's rows, in their order; and what could not be read: (line, column, reason)."""
    answer = runner.signature["outputs"][0]["name"]
    for start in range(0, len(table.rows), BATCH):
        part = table.rows.iloc[start : start + BATCH]
        values, faults = {}, []
        for entry in columns_of(inputs):
            values[entry["name"]], bad = read_values(part[str(entry["column"])].tolist(), entry, root)
            faults += [(int(table.lines[start + row]), entry["column"], reason) for row, reason in bad.items()]
        yield runner(feed(values, inputs, range(len(part))), [answer])[answer], faults


def predict(
    runner: Runner,
    artefact: str | Path,
    path: str | Path,
    output: str | Path,
    *,
    probabilities: bool,
    media_root: str | None = None,
    allow_outside: bool = False,
    say: Say = print,
    **reading: Any,
) -> Path:
    """Answer every row of a file and write a CSV: prediction, probability, and a column a class if asked for.

    artefact: where the runner was opened: files of tokenizers lie there, or in a folder above.
    If the target columns are there, print the figures and a table a class, label or number.
    Raises InputError for a missing file or column, or an output that exists without `overwrite`.
    """
    output = Path(output)
    signature = runner.signature
    targets = Targets.from_json(signature["targets"], f"{artefact}")
    takes_presence = any(entry["kind"] == PRESENCE for entry in signature["inputs"])
    columns = [Column(e["column"], e["kind"], "input") for e in columns_of(signature["inputs"])]
    table = read_rows(path, [*columns, *targets.columns], inputs_optional=takes_presence, **reading)
    if not len(table.rows):
        raise InputError(f"{path}: there are no rows to answer.")
    there = {column.name for column in table.inputs}
    for column in columns:
        if column.name not in there:
            say(f"{path}: there is no column {column.name!r}; it counts as missing in every row")
    inputs = [entry for entry in signature["inputs"] if entry["column"] in there]
    inputs = with_tokenizers(inputs, [Path(artefact), *Path(artefact).parents[:3]])
    root = MediaRoot(media_root or str(Path(path).parent), allow_outside)
    answers, faults = zip(*answer_rows(runner, table, inputs, root), strict=True)
    answered = np.concatenate(answers)
    write_csv(output, as_cells(answered, targets, probabilities))
    report_faults(table, [fault for some in faults for fault in some], say)
    score(table, answered, targets, say)
    say(f"{len(answered)} predictions: {output}")
    return output


def as_cells(answers: np.ndarray, targets: Targets, probabilities: bool) -> Iterator[list[str]]:
    """The header and the rows of the CSV of predictions."""
    if targets.task == "regress":
        several = len(targets.names) > 1
        yield [f"prediction {name}" if several else "prediction" for name in targets.names]
        yield from ([f"{value:.7g}" for value in row] for row in answers)
        return
    yield ["prediction", "probability", *(targets.labels if probabilities else [])]
    for row in answers:
        if targets.task == "classify":
            said, sure = targets.labels[row.argmax()], row.max()
        else:
            chosen = row > THRESHOLD
            said = "|".join(label for label, yes in zip(targets.labels, chosen, strict=True) if yes)
            sure = np.where(chosen, row, 1 - row).min()  # of the least certain label
        yield [said, f"{sure:.6f}", *(f"{p:.6f}" for p in (row if probabilities else []))]


def report_faults(table: Table, faults: list[tuple[int, str, str]], say: Say) -> None:
    """Say which rows were answered without what could not be read."""
    for bad in table.bad_rows[:SHOWN]:
        say(f"{bad.file}, line {bad.line}: {bad.reason}; answered as if empty")
    for line, column, reason in faults[:SHOWN]:
        say(f"{table.path}, line {line}, {column}: {reason} It counts as missing.")
    more = max(len(table.bad_rows) - SHOWN, 0) + max(len(faults) - SHOWN, 0)
    if more:
        say(f"{table.path}: {more} more cells could not be read")


def score(table: Table, answers: np.ndarray, targets: Targets, say: Say) -> None:
    """Print what the predictions are worth, if the truth is in the table."""
    if not all(name in table.rows.columns for name in targets.names):
        return
    known = targets.known(table.rows)
    if not known.all():
        unknown = int((~known).sum())
        names = ", ".join(targets.names)
        say(f"{unknown} rows have a {names} that the model does not know; they are left out of the figures")
    if known.any():
        truth = targets.truth(table.rows[known])
        figures = evaluate(targets.task, truth, answers[known], list(targets.labels or targets.names))
        say(table_of(figures))
        say(summary(figures))
