"""The truth of the rows that runs are compared on, and which rows every run can predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.comparing.standing import Rows
from mmkeras.comparing.subjects import Subject
from mmkeras.data.targets.targets import Targets
from mmkeras.runs.run import REFERENCES
from mmkeras.system.json_files import check_shape, read_json


def truth_of(subjects: Sequence[Subject], rows: Rows, source: Subject) -> tuple[list[Any], np.ndarray]:
    """The truth of each row, and bool [n]: rows whose truth every run can predict.

    A class or labels in the first run's spelling; numbers float [targets]; or all right texts. source: the subject
    that has held the rows out.
    """
    known = np.ones(len(rows), dtype=bool)
    for subject in subjects:
        if subject.targets is not None:
            known &= np.asarray(subject.targets.known(rows.frame), dtype=bool)
    first = subjects[0]
    if first.targets is None:
        return texts_of(source, rows), known
    targets: Targets = first.targets
    truth = targets.truth(rows.frame)
    if targets.kind.every_class:
        return [targets.labels[k] if k >= 0 else "" for k in truth], known
    if targets.labels:
        names = np.array(targets.labels, dtype=object)
        return ["|".join(names[row == 1]) for row in truth], known
    return list(truth), known


def texts_of(source: Subject, rows: Rows) -> list[Any]:
    """All right texts of each row: those of references.json, or of the rows of the file with equal inputs."""
    name, run = source.target_names[0], source.run
    path = run.folder / REFERENCES if run else None
    if run and path and path.exists() and rows.path == (run.config.data.validation or run.config.data.csv):
        saved = read_json(path, "Train again.")
        check_shape(saved, [[str]], path, "Train again.")
        if len(saved) == len(rows):
            return [list(refs) for refs in saved]
    keys = list(zip(*(rows.frame[column] for column in source.columns), strict=True))
    texts: dict[Any, list[str]] = {}
    for key, text in zip(keys, rows.frame[name], strict=True):
        texts.setdefault(key, []).append(text)
    return [list(dict.fromkeys(texts[key])) for key in keys]


def as_truth(references: list[Any], first: Subject) -> Any:
    """The truth as the figures of the task take it: numbers as an array."""
    is_number = first.targets is not None and not first.targets.labels
    return np.array(references, "float64") if is_number else references
