"""One training, from a Config to a finished run folder."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.config import Config, check_config, config_to_json
from mmkeras.errors import InputError
from mmkeras.files import write_atomically, write_json, written_whole
from mmkeras.graph import input_names
from mmkeras.modalities import MODALITIES
from mmkeras.models import MODELS
from mmkeras.quiet import import_tensorflow
from mmkeras.run import (
    FINISHED,
    LINE,
    PREDICTION,
    PROBABILITY,
    drop_replaced,
    environment,
    open_folder,
    restore_replaced,
    resumed_config,
)
from mmkeras.split import Split, split_table, target_of, write_split
from mmkeras.table import Table, describe, read_rows, read_table, write_bad_rows, write_csv
from mmkeras.tasks import TASKS

Say = Callable[[str], None]


def train(config: Config, say: Say = print) -> Path:
    """Read the table, split it, adapt, build, fit, measure, and write the run folder. Returns its path.

    Raises InputError for anything the user can mend, before the run folder is touched wherever that is possible.
    """
    began = time.perf_counter()
    check_config(config)
    if config.resume:
        config = resumed_config(config)
    table, validation, split = read_and_split(config, say)
    folder = open_folder(config)
    # how it was started is no choice of the training: the same file starts the same training again
    write_atomically(
        folder / "config.json", config_to_json(replace(config, overwrite=False, resume=False, debug=False))
    )
    write_bad_rows(table, folder / "bad_rows.csv", validation)
    write_split(split, folder / "split.csv")
    write_json(folder / "environment.json", environment(config))
    try:
        figures = fit(config, table, split, folder, say)
    except InputError:
        if not config.resume:
            restore_replaced(folder)  # nothing to go on with: what the user mends is given again
        raise
    figures["seconds"]["total"] = round(time.perf_counter() - began, 2)
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
    from mmkeras.report.page import write_report  # after the run is safe: a report that fails costs nothing but itself

    write_report(folder)
    say(
        f"validation accuracy {figures['validation']['accuracy']:.4f}  macro-F1 {figures['validation']['macro_f1']:.4f}"
    )
    return folder


def read_and_split(config: Config, say: Say) -> tuple[Table, Table | None, Split]:
    """CSV -> checked rows on two sides, said as it goes."""
    check_config(config)
    table = read_table(config)
    say(describe(table))
    if table.task not in TASKS:
        raise InputError(f"{table.path}: the task {table.task} cannot be learned yet, only {', '.join(TASKS)}.")
    for column in table.inputs:
        if column.kind not in MODALITIES:
            raise InputError(
                f"{table.path}: the column {column.name!r} holds {column.kind} cells, and only {', '.join(MODALITIES)} "
                f"can be learned from yet. Name the input columns, e.g. --text {column.name}, to read it as text."
            )
    validation = None
    if config.validation:
        validation = read_rows(
            config.validation,
            table.columns,
            encoding=config.encoding,
            delimiter=config.delimiter,
            target_optional=False,
            keep_all=False,
            max_bad_rows=config.max_bad_rows,
        )
        say(f"{validation.path}: {len(validation.rows)} rows held out, {len(validation.bad_rows)} bad rows")
    split = split_table(table, config, validation)
    for note in split.notes:
        say(note)
    say(f"{len(split.train)} rows to learn from, {len(split.validation)} held out")
    return table, validation, split


def start_tensorflow(config: Config) -> None:
    """Import TensorFlow, and set the seed of everything random."""
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(config.seed)


def fit(config: Config, table: Table, split: Split, folder: Path, say: Say) -> dict[str, Any]:
    """Adapt, build, fit, calibrate; write schema, state and model. Returns the figures for metrics.json."""
    start_tensorflow(config)
    from mmkeras.fitting import Material, build_and_fit, fold_held_out, measure

    began = time.perf_counter()
    target = target_of(table)
    labels = sorted(set(split.train[target]))
    features, vectors = prepare(config, table, split, folder, say)
    write_schema(folder, config, table, features, vectors, labels)
    prepared = time.perf_counter()
    truth = {side: class_numbers(getattr(split, side)[target], labels) for side in ("train", "validation")}
    material = Material(features, vectors, truth, len(labels))
    model, keeper = build_and_fit(config, material, folder, say)
    figures, predictions = measure(model, material, labels)
    write_held_out(split, *predictions, folder)
    # a file of their own is what rows are measured on again and again: it is not learned
    if config.fold and not config.validation and fold_held_out(model, config, material):
        figures["folded"] = True
        say(f"the {len(split.validation)} held-out rows have measured the model; now it has learned them too")
    model.get_layer("temperature").inverse.assign(1 / figures["calibration"]["temperature"])
    fitted = time.perf_counter()
    with written_whole(folder / "model.keras") as partial:
        model.save(partial)
    keeper.clear()
    return {
        "target": target,
        **figures,
        "epochs": keeper.epochs_done,
        "best_epoch": keeper.best_epoch + 1,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": len(table.bad_rows)},
        "cut": {name: f.cut for name, f in features.items()},
        "seconds": {"prepare": round(prepared - began, 2), "fit": round(fitted - prepared, 2)},
    }


def prepare(
    config: Config, table: Table, split: Split, folder: Path, say: Say
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Adapt every input column on the training rows, write state and features. Returns features and word vectors."""
    from mmkeras.features import text_features
    from mmkeras.modalities.text.modality import save_state
    from mmkeras.modalities.text.word_vectors import load_word_vectors

    rule = importlib.import_module(MODELS[config.model]).text_rule(config)
    (folder / "state").mkdir(exist_ok=True)
    features, vectors = {}, {}
    names = input_names([c.name for c in table.inputs])
    for name, column in zip(names, table.inputs, strict=True):
        sides = split.train[column.name], split.validation[column.name]
        features[name] = text_features(name, *sides, rule, folder / "features")
        state = features[name].state
        save_state(state, folder / "state" / f"{name}.npz")
        cut = f"{features[name].cut:.1%} of the texts are cut at {rule.max_bytes} bytes"
        say(f"{column.name}: {state.vocabulary.size} features kept; {cut}")
        if config.word_vectors:
            vectors[name], found = load_word_vectors(config.word_vectors, state)
            say(f"{column.name}: {found} of {state.vocabulary.size} features have a vector in {config.word_vectors}")
    return features, vectors


def class_numbers(labels: pd.Series, known: list[str]) -> np.ndarray:
    """Labels -> int64 class numbers."""
    return pd.Categorical(labels, categories=known).codes.astype("int64")


def write_held_out(split: Split, predictions: list[str], probabilities: np.ndarray, folder: Path) -> None:
    """validation.csv: the held-out rows as they were read, and what the model says of them, in columns of ours."""
    ours = [split.validation_lines.tolist(), predictions, [f"{p:.6f}" for p in probabilities]]
    columns = [*ours, *(split.validation[name] for name in split.validation)]
    header = [LINE, PREDICTION, PROBABILITY, *split.validation]
    write_csv(folder / "validation.csv", [header, *zip(*columns, strict=True)])


def write_schema(folder: Path, config: Config, table: Table, features: Any, vectors: Any, labels: list[str]) -> None:
    """schema.json: the columns as read, and what the model takes and gives."""
    inputs = []
    for (name, f), column in zip(features.items(), table.inputs, strict=True):
        entry = {"name": name, "column": column.name, "kind": column.kind, "rule": asdict(f.state.rule)}
        inputs.append({**entry, "vector_dim": vectors[name].shape[1] if name in vectors else None})
    schema = {
        "task": table.task,
        "target": target_of(table),
        "labels": labels,
        "inputs": inputs,
        "columns": [asdict(c) for c in table.columns],
        "file": {"path": table.path, "encoding": table.encoding, "delimiter": table.delimiter},
    }
    write_json(folder / "schema.json", schema)
