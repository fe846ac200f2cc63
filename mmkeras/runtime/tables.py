"""A table that Python names, by path or as a DataFrame, to predict; its predictions as a frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.data.files.frames import frame_source, names_paths
from mmkeras.data.files.reading import dialect_of
from mmkeras.data.files.source import Source
from mmkeras.data.targets.targets import Targets
from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import InputError
from mmkeras.metrics.agreement import decide
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.predict import open_rows
from mmkeras.runtime.python_rows import as_row, in_python
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

FRAME = "the frame"  # a DataFrame's name in messages


def predict_table(
    runner: Runner,
    artefact: Path,
    table: Any,
    columns: Mapping[str, str],
    media_root: str | Path | None,
    allow_outside: bool,
    log: Log,
    **reading: Any,
) -> pd.DataFrame:
    """See `Predictor.predict`. columns: of the model, with their kinds."""
    frame = as_frame(table, columns)
    source, root = rows_and_root(table, frame, columns, media_root, allow_outside, log)
    predicted = open_rows(runner, artefact, source, root, log, dialect=dialect_of(reading))
    answers = np.concatenate([part.predictions for part in predicted.parts()])
    predicted.log_notes(in_words_of_python(log, frame is not None))
    predictions = frame_of(answers, predicted.targets)
    return predictions if frame is None else predictions.set_axis(frame.index)


def as_frame(table: Any, columns: Mapping[str, str]) -> pd.DataFrame | None:
    """A frame, or a list of rows as one; None for a path. Raises InputError for anything else.

    columns: of the model, with their kinds: a text in a list is a cell of the only text column.
    """
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, str | os.PathLike):
        return None
    if isinstance(table, list | tuple) and table:
        specs: dict[str, Any] = {name: {"kind": kind} for name, kind in columns.items()}
        return pd.DataFrame([as_row(row, specs) for row in table])
    received = "no rows" if isinstance(table, list | tuple) else type_in_words(table)
    hint = " Of one row: [row]." if isinstance(table, Mapping) else ""
    hint = " series.to_frame() makes a frame." if type(table).__name__ == "Series" else hint
    raise InputError(
        f"Expected the path of a table, a pandas DataFrame, or a list of rows [{{column: value}}, …], received "
        f"{received}.{hint}"
    )


def rows_and_root(
    table: Any,
    frame: pd.DataFrame | None,
    columns: Mapping[str, str],
    media_root: str | Path | None,
    allow_outside: bool,
    log: Log,
) -> tuple[str | Source, MediaRoot]:
    """The rows of a table, and where relative paths in its cells start. frame: `as_frame` of the table."""
    if frame is None:
        return os.fspath(table), MediaRoot.of(table, None if media_root is None else str(media_root), allow_outside)
    source = frame_source(frame, FRAME, data_uri, columns)
    return source, MediaRoot(str(media_root or "."), allow_outside or names_paths(frame, log))


def in_words_of_python(log: Log, in_memory: bool) -> Log:
    """A log whose lines name arguments in place of flags. in_memory: do the rows lie in no file?"""

    def logged(line: str) -> None:
        words = in_python(line)
        log(words if in_memory else words.replace("at the current folder, or", "at the folder of the file, or"))

    return logged


def frame_of(answers: np.ndarray, targets: Targets) -> pd.DataFrame:
    """Predictions, float32 [rows, outputs], as `mmkeras predict --probabilities` writes them, unrounded."""
    if not targets.labels:
        several = len(targets.names) > 1
        names = [f"prediction {name}" if several else "prediction" for name in targets.names]
        return pd.DataFrame(answers.astype("float64"), columns=names)
    words, confidence = decide(targets.task, answers, targets.labels)
    numbers = pd.DataFrame(answers.astype("float64"), columns=list(targets.labels))
    decisions = pd.DataFrame({"prediction": words, "probability": confidence.astype("float64")})
    return pd.concat([decisions, numbers], axis=1)
