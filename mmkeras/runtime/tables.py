"""A table that Python names, by path or as a DataFrame, to predict; its predictions as a frame."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pandas as pd

from mmkeras.data.files.frames import frame_source, names_paths
from mmkeras.data.files.reading import Dialect
from mmkeras.data.files.source import Source
from mmkeras.errors import InputError
from mmkeras.metrics.agreement import decide
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.predict import FilePredictions, predict_file
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

FRAME = "the frame"  # a DataFrame's name in messages


def predict_table(
    runner: Runner,
    artefact: Path,
    table: Any,
    columns: Collection[str],
    media_root: str | Path | None,
    allow_outside: bool,
    log: Log,
    **reading: Any,
) -> pd.DataFrame:
    """See `Predictor.predict`. columns: of the model."""
    frame = as_frame(table)
    if frame is None:
        source: str | Source = os.fspath(table)
        root = MediaRoot.of(table, None if media_root is None else str(media_root), allow_outside)
    else:
        source = frame_source(frame, FRAME, data_uri, columns)
        root = MediaRoot(str(media_root or "."), allow_outside or names_paths(frame, log))
    predicted = predict_file(runner, artefact, source, root, log, dialect=Dialect(**reading))
    predicted.reader.log_faults(predicted.faults, log)
    predictions = frame_of(predicted)
    return predictions if frame is None else predictions.set_axis(frame.index)


def as_frame(table: Any) -> pd.DataFrame | None:
    """A frame, or a list of rows as one; None for a path. Raises InputError for anything else."""
    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, list | tuple) and table and all(isinstance(row, dict) for row in table):
        return pd.DataFrame(list(table))
    if isinstance(table, str | os.PathLike):
        return None
    raise InputError(
        f"Expected the path of a table, a pandas DataFrame, or a list of rows [{{column: value}}, …], received a "
        f"{type(table).__name__}."
    )


def frame_of(predicted: FilePredictions) -> pd.DataFrame:
    """The predictions as `mmkeras predict --probabilities` writes them, unrounded."""
    targets, answers = predicted.targets, predicted.predictions
    if not targets.labels:
        several = len(targets.names) > 1
        names = [f"prediction {name}" if several else "prediction" for name in targets.names]
        return pd.DataFrame(answers.astype("float64"), columns=names)
    words, confidence = decide(targets.task, answers, targets.labels)
    numbers = pd.DataFrame(answers.astype("float64"), columns=list(targets.labels))
    decisions = pd.DataFrame({"prediction": words, "probability": confidence.astype("float64")})
    return pd.concat([decisions, numbers], axis=1)
