"""What each compared model says of the rows: the answers that its run saved while it held them out, or new ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.comparing.standing import Rows, Standing
from mmkeras.comparing.subjects import Subject
from mmkeras.data.columns.column import Column
from mmkeras.data.table import Table, read_rows
from mmkeras.data.targets.targets import Targets
from mmkeras.errors import InputError
from mmkeras.generation.generate import decode_values
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import columns_in
from mmkeras.metrics.agreement import decide
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runs.run import PREDICTION, PROBABILITIES, PROBABILITY, TRUE_PROBABILITY
from mmkeras.runtime.feeds import columns_of, read_cells, with_tokenizers
from mmkeras.runtime.predict import predict_rows
from mmkeras.runtime.row_reader import RowReader
from mmkeras.system.arrays import reading_arrays
from mmkeras.tasks.held_out import read_held_out


@dataclass(frozen=True)
class Answers:
    """words: the class, the labels, the numbers or the text of each row. confidence: of the class, float [n], or NaN.

    true_probability: the probability of the true class, float [n]; NaN where it is not known.
    """

    words: list[str]
    confidence: np.ndarray
    true_probability: np.ndarray


def answers_of(subject: Subject, rows: Rows, standing: Standing, root: MediaRoot) -> Answers:
    """The answers to all rows: saved ones where there are, for the others the model is opened."""
    n = len(rows)
    answers = Answers([""] * n, np.full(n, np.nan), np.full(n, np.nan))
    saved = standing.saved.copy()
    if subject.run is not None and (saved >= 0).any():
        kept = saved_answers(subject)
        of_classes = subject.targets is not None and subject.targets.kind.every_class
        if of_classes and np.isnan(kept.true_probability).all() and not subject.folded:
            saved[:] = -1  # of an earlier version: the model itself tells more
        for row in np.flatnonzero(saved >= 0):
            answers.words[row] = kept.words[saved[row]]
            answers.confidence[row] = kept.confidence[saved[row]]
            answers.true_probability[row] = kept.true_probability[saved[row]]
    new = saved < 0
    if new.any():
        fresh = new_answers(subject, rows.take(new), root)
        for place, row in enumerate(np.flatnonzero(new)):
            answers.words[row] = fresh.words[place]
        answers.confidence[new], answers.true_probability[new] = fresh.confidence, fresh.true_probability
    return answers


def saved_answers(subject: Subject) -> Answers:
    """The answers of validation.csv, which were given before the run was trained on these rows, if it was."""
    run = subject.run
    assert run is not None
    frame = read_held_out(run.folder, [*subject.columns, PREDICTION])
    n, path = len(frame), run.folder / PROBABILITIES
    confidence = frame[PROBABILITY].astype("float64").to_numpy() if PROBABILITY in frame else np.full(n, np.nan)
    probability = np.full(n, np.nan)
    if path.exists():
        with reading_arrays(path, "Train again.") as data:
            probability = np.asarray(data[TRUE_PROBABILITY], "float64")
            if probability.shape != (n,):
                raise InputError(f"{path}: expected {n} rows, as validation.csv has. Train again.")
    return Answers(frame[PREDICTION].tolist(), confidence, probability)


def new_answers(subject: Subject, rows: Rows, root: MediaRoot) -> Answers:
    """The answers of the opened model. Raises InputError where the rows lack a column, or a cell cannot be read."""
    model: Any = subject.model
    if isinstance(model, TextGenerator):
        return generated(model, subject, rows, root)
    inputs, targets = model.signature["inputs"], Targets.from_json(model.signature["targets"], subject.name)
    reader = RowReader(table_of(rows, inputs), inputs, root)
    folders = [subject.path, *subject.path.parents[:3]]
    predictions, faults = predict_rows(model, reader, with_tokenizers(reader.inputs_present, folders), subject.name)
    if faults:
        line, column, reason = faults[0]
        raise InputError(f"{rows.path}, line {line}, {column}: {reason}")
    words, confidence = decide(targets.task, predictions, targets.labels)
    probability = np.full(len(rows), np.nan)
    if targets.kind.every_class:
        truth = targets.truth(rows.frame)
        probability = np.where(truth >= 0, predictions[np.arange(len(rows)), np.maximum(truth, 0)], np.nan)
    return Answers(words, np.asarray(confidence, "float64"), probability)


def table_of(rows: Rows, inputs: Any) -> Table:
    """The rows as the Table that a RowReader reads; absent columns count as missing cells."""
    names = [str(part["column"]) for spec in columns_of(inputs) for part in columns_in(spec)]
    columns = tuple(
        Column.read_as(part) for spec in columns_of(inputs) for part in columns_in(spec) if part["column"] in rows.frame
    )
    if not columns:
        raise InputError(f"{rows.path}: there is none of the columns {', '.join(names)}, which the model reads.")
    return Table(rows.path, "", "", columns, rows.frame, rows.lines, ())


def generated(model: TextGenerator, subject: Subject, rows: Rows, root: MediaRoot) -> Answers:
    """The texts by greedy decoding, as at the end of a training."""
    inputs = with_tokenizers(model.inputs, [subject.path, *subject.path.parents[:1]])
    cells = {str(name): rows.frame[name].tolist() for name in rows.frame}
    values, faults = read_cells(cells, inputs, root, len(rows))
    if faults:
        row, column, reason = faults[0]
        raise InputError(f"{rows.path}, line {rows.lines[row]}, {column}: {reason}")
    decoded = decode_values(model, inputs, values, cells, len(rows), GenerationOptions(), TextNotes())
    nothing = np.full(len(rows), np.nan)
    return Answers([model.tokenizer.decode(text.ids) for text in decoded], nothing, nothing)


def read_csv_rows(subjects: Sequence[Subject], path: str, sha256: str) -> Rows:
    """The rows of `--csv` that can be used, with the columns of all subjects, each read as its first subject reads it.

    Raises InputError where a column of a run, or the target, is absent.
    """
    columns: dict[str, Column] = {}
    for subject in subjects:
        inputs = subject.run.inputs if subject.run else subject.inputs
        for part in (part for spec in columns_of(inputs) for part in columns_in(spec)):
            columns.setdefault(str(part["column"]), Column.read_as(part))
    first = subjects[0]
    targets = first.targets.columns if first.targets else (Column(first.target_names[0], "text", "target"),)
    table = read_rows(path, [*columns.values(), *targets], target_optional=False, keep_all=False)
    return Rows(table.rows, table.lines, table.path, sha256)


def root_of(subject: Subject, path: str) -> MediaRoot:
    """The folder of relative paths of pictures and clips: that of the rows' file, or of the run's --media-root."""
    data = subject.run.config.data if subject.run else None
    return MediaRoot.of(path, data.media_root if data else None, data.allow_outside if data else False)
