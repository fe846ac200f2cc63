"""A CSV through an artefact (or a run) to predictions, one row out for each row in."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.metrics import classification_metrics, per_class_table
from mmkeras.modalities.text.cells import encode_cell, pad
from mmkeras.runners import Runner, open_artefact
from mmkeras.table import Column, Table, read_rows, write_csv

BATCH = 32
Say = Callable[[str], None]


def open_model(path: str | Path) -> Runner:
    """A Runner for a .tflite or .onnx file, a SavedModel folder, or a run (the only one that needs Keras)."""
    path = Path(path)
    if path.is_dir() and (path / "config.json").exists():
        from mmkeras.exporting import KerasRunner, load_graph
        from mmkeras.run import open_run

        return KerasRunner(load_graph(open_run(path)))
    if path.is_dir() and (path / "savedmodel" / "1").is_dir():
        raise InputError(
            f"{path}: this folder holds several artefacts; name one: {path}/predict.tflite, {path}/predict.onnx or "
            f"{path}/savedmodel/1."
        )
    return open_artefact(path)


def answer_rows(runner: Runner, table: Table) -> Iterator[np.ndarray]:
    """Class probabilities [b, classes] for the table's rows, in their order."""
    inputs = runner.signature["inputs"]
    for start in range(0, len(table.rows), BATCH):
        part = table.rows.iloc[start : start + BATCH]
        raw = {i["name"]: pad([encode_cell(c, i["max_bytes"]) for c in part[i["column"]]]) for i in inputs}
        yield runner(raw, ["probabilities"])["probabilities"]


def predict(
    artefact: str | Path,
    path: str | Path,
    output: str | Path,
    *,
    probabilities: bool,
    overwrite: bool,
    say: Say = print,
    **reading: Any,
) -> Path:
    """Answer every row of a file and write a CSV: prediction, probability, and a column a class if asked for.

    If the target column is there, print accuracy, macro-F1 and a table a class.
    Raises InputError for a missing file or column, or an output that exists without `overwrite`.
    """
    output = Path(output)
    if output.is_dir():
        raise InputError(f"{output}: expected the name of a file to write, received a folder. Choose another --output.")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: it exists already. Replace it with --overwrite, or choose another --output.")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} is not there. Make it, or choose another --output.")
    runner = open_model(artefact)
    signature = runner.signature
    labels: list[str] = signature["labels"]
    columns = [Column(i["column"], i["kind"], "input") for i in signature["inputs"]]
    table = read_rows(path, [*columns, Column(signature["target"], "category", "target")], **reading)
    if not len(table.rows):
        raise InputError(f"{path}: there are no rows to answer.")
    answers = np.concatenate(list(answer_rows(runner, table)))
    chosen = answers.argmax(1)
    header = ["prediction", "probability", *(labels if probabilities else [])]
    rows = (
        [labels[k], f"{row[k]:.6f}", *(f"{p:.6f}" for p in (row if probabilities else []))]
        for k, row in zip(chosen, answers, strict=True)
    )
    write_csv(output, itertools.chain([header], rows))
    for bad in table.bad_rows[:5]:
        say(f"{bad.file}, line {bad.line}: {bad.reason}; answered as if empty")
    score(table, chosen, signature["target"], labels, say)
    say(f"{len(answers)} predictions: {output}")
    return output


def score(table: Table, chosen: np.ndarray, target: str, labels: list[str], say: Say) -> None:
    """Print what the predictions are worth, if the truth is in the table."""
    if target not in table.rows.columns:
        return
    number = {label: k for k, label in enumerate(labels)}
    truth = np.array([number.get(label, -1) for label in table.rows[target]])
    known = truth >= 0
    if (~known).any():
        say(
            f"{int((~known).sum())} rows have a {target} that the model does not know; they are left out of the figures"
        )
    if known.any():
        metrics = classification_metrics(truth[known], chosen[known], labels)
        say(per_class_table(metrics))
        say(f"accuracy {metrics['accuracy']:.4f}  macro-F1 {metrics['macro_f1']:.4f}  rows {metrics['rows']}")
