"""One training, from a Config to a finished run folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.config import Config, config_to_json
from mmkeras.graph import input_names
from mmkeras.metrics import calibration, classification_metrics, fit_temperature, softmax
from mmkeras.run import FINISHED, environment, open_folder, resumed_config, write_atomically, write_json
from mmkeras.split import Split, split_table, write_split
from mmkeras.table import Table, describe, read_rows, read_table, write_bad_rows

Say = Callable[[str], None]


def train(config: Config, say: Say = print) -> Path:
    """Read the table, split it, adapt, build, fit, measure, and write the run folder. Returns its path.

    Raises InputError for anything the user can mend, before the run folder is touched wherever that is possible.
    """
    began = time.perf_counter()
    if config.resume:
        config = resumed_config(config)
    table, validation, split = read_and_split(config, say)
    folder = open_folder(config)
    write_atomically(folder / "config.json", config_to_json(config))
    write_bad_rows(table, folder / "bad_rows.csv", validation)
    write_split(split, folder / "split.csv")
    write_json(folder / "environment.json", environment(config))
    figures = fit(config, table, split, folder, say)
    figures["seconds"]["total"] = round(time.perf_counter() - began, 2)
    write_json(folder / FINISHED, figures)
    say(f"validation accuracy {figures['validation']['accuracy']:.4f}  macro-F1 {figures['validation']['macro_f1']:.4f}")
    return folder


def read_and_split(config: Config, say: Say) -> tuple[Table, Table | None, Split]:
    """CSV -> checked rows on two sides, said as it goes."""
    table = read_table(config)
    say(describe(table))
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
    split = split_table(table, config, validation)
    for note in split.notes:
        say(note)
    say(f"{len(split.train)} rows to learn from, {len(split.validation)} held out")
    return table, validation, split


def start_tensorflow(config: Config) -> None:
    """Import TensorFlow quietly, set the seed, ask for determinism where it costs nothing, use a GPU gently."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    keras.utils.set_random_seed(config.seed)
    if config.mixed_precision:
        keras.mixed_precision.set_global_policy("mixed_float16" if tf.config.list_physical_devices("GPU") else "mixed_bfloat16")


def fit(config: Config, table: Table, split: Split, folder: Path, say: Say) -> dict[str, Any]:
    """Adapt, build, fit, calibrate; write schema, state and model. Returns the figures for metrics.json."""
    start_tensorflow(config)
    from mmkeras.features import text_features
    from mmkeras.modalities.text.modality import save_state
    from mmkeras.tasks.classify import build_core, compile_core, text_rule

    began = time.perf_counter()
    target = next(c.name for c in table.columns if c.role == "target")
    columns = [c for c in table.columns if c.role == "input"]
    labels = sorted(set(split.train[target]))
    names = input_names([c.name for c in columns])
    rule = text_rule(config)
    write_schema(folder, config, table, dict(zip(names, columns, strict=True)), labels, rule)
    (folder / "state").mkdir(exist_ok=True)
    features = {}
    for name, column in zip(names, columns, strict=True):
        features[name] = text_features(name, split.train[column.name], split.validation[column.name], rule, folder / "features")
        save_state(features[name].state, folder / "state" / f"{name}.npz")
        say(f"{column.name}: {features[name].state.vocabulary.size} features kept; {features[name].cut:.1%} of the texts cut at {rule.max_bytes} bytes")
    prepared = time.perf_counter()
    model = build_core({name: f.state.n_rows for name, f in features.items()}, len(labels), config)
    truth = {side: class_numbers(getattr(split, side)[target], labels) for side in ("train", "validation")}
    compile_core(model, config, steps=-(-len(split.train) // config.batch_size))
    keeper = run_fit(model, features, truth, config, folder, say)
    fitted = time.perf_counter()
    figures = calibrate_and_measure(model, features, truth["validation"], labels, split, folder, target)
    model.save(folder / "model.keras.partial.keras")
    (folder / "model.keras.partial.keras").replace(folder / "model.keras")
    keeper.clear()
    return {
        **figures,
        "epochs": keeper.epochs_done,
        "best_epoch": keeper.best_epoch + 1,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": len(table.bad_rows)},
        "cut": {name: f.cut for name, f in features.items()},
        "seconds": {"prepare": round(prepared - began, 2), "fit": round(fitted - prepared, 2)},
    }


def class_numbers(labels: pd.Series, known: list[str]) -> np.ndarray:
    """Labels -> int64 class numbers."""
    return pd.Categorical(labels, categories=known).codes.astype("int64")


def run_fit(model: Any, features: Any, truth: Any, config: Config, folder: Path, say: Say) -> Any:
    """model.fit with our callbacks. Returns the callback that kept the best weights."""
    import keras

    from mmkeras.callbacks import BestAndResume, EpochLines
    from mmkeras.features import Batches
    from mmkeras.tasks.classify import epochs_of, row_weights

    epochs = epochs_of(config)
    keeper = BestAndResume(folder, config.patience if config.model == "wide_deep" else None)
    if config.resume:
        keeper.restore(model)
        say(f"resuming after {keeper.epochs_done} of {epochs} epochs")
    one_hot = {side: np.eye(model.output_shape[-1], dtype="float32")[numbers] for side, numbers in truth.items()}
    train = Batches(
        {name: f.train for name, f in features.items()},
        one_hot["train"],
        config.batch_size,
        seed=config.seed,
        epoch=keeper.epochs_done,
        row_weights=row_weights(truth["train"], config),
    )
    validation = Batches({name: f.validation for name, f in features.items()}, one_hot["validation"], 256)
    callbacks = [EpochLines(epochs, say), keeper]
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(str(folder / "tensorboard")))
    if not keeper.exhausted and keeper.epochs_done < epochs:
        model.fit(
            train, validation_data=validation, epochs=epochs, initial_epoch=keeper.epochs_done, callbacks=callbacks, verbose=0
        )
    else:
        keeper.on_train_end()
    return keeper


def calibrate_and_measure(
    model: Any, features: Any, truth: np.ndarray, labels: list[str], split: Split, folder: Path, target: str
) -> dict[str, Any]:
    """Fit the temperature on the held-out rows, put it into the model, measure, and keep the rows for export."""
    from mmkeras.features import Batches

    batches = Batches({name: f.validation for name, f in features.items()}, np.zeros((len(truth), 1), "float32"), 256)
    logits = np.empty((len(truth), len(labels)), "float32")
    logits[np.concatenate(batches.order)] = model.predict(batches, verbose=0)
    temperature = fit_temperature(logits, truth)
    model.get_layer("temperature").inverse.assign(1 / temperature)
    before, after = softmax(logits), softmax(logits / temperature)
    held_out = split.validation.copy()
    held_out.insert(0, "line", split.validation_lines)
    held_out["prediction"] = [labels[k] for k in after.argmax(1)]
    held_out["probability"] = after.max(1).astype("float64").round(6)
    held_out.to_csv(folder / "validation.csv.partial", index=False)
    (folder / "validation.csv.partial").replace(folder / "validation.csv")
    return {
        "target": target,
        "validation": classification_metrics(truth, after.argmax(1), labels),
        "calibration": {"temperature": temperature, "before": calibration(before, truth), "after": calibration(after, truth)},
    }


def write_schema(folder: Path, config: Config, table: Table, inputs: dict[str, Any], labels: list[str], rule: Any) -> None:
    """schema.json: the columns as read, and what the model takes and gives."""
    from dataclasses import asdict

    write_json(
        folder / "schema.json",
        {
            "task": config.task,
            "target": next(c.name for c in table.columns if c.role == "target"),
            "labels": labels,
            "inputs": [
                {"name": name, "column": c.name, "kind": c.kind, "rule": asdict(rule)} for name, c in inputs.items()
            ],
            "columns": [asdict(c) for c in table.columns],
            "file": {"path": table.path, "encoding": table.encoding, "delimiter": table.delimiter},
        },
    )
