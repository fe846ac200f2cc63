"""The training half of the tasks that predict classes, labels or numbers: they share all of it.

What differs between them (loss, metrics, row weights, activation) lies in their own modules.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.splits.split import Split
from mmkeras.data.targets.targets import Targets, fit_targets
from mmkeras.data.values.outliers import winsorised
from mmkeras.metrics.tables import summary as summary_of
from mmkeras.metrics.temperature import in_words
from mmkeras.modalities.adapt import adapt_columns, input_entries, load_columns
from mmkeras.models import MODELS, VECTORS
from mmkeras.models.core import Core, build_core, make_variables
from mmkeras.models.quantised import quantised
from mmkeras.own_layers.folder import adopt, carry
from mmkeras.own_layers.given import read_otherwise, titles_of
from mmkeras.runs.run import EXPLAINED
from mmkeras.runtime.feeds import columns_of
from mmkeras.system.files import write_json
from mmkeras.system.progress import Log
from mmkeras.tasks import TASKS, Trainable
from mmkeras.tasks.baselines.compare import compare_with_baselines
from mmkeras.tasks.prediction.column_effects import column_effects
from mmkeras.tasks.prediction.evaluate import evaluate_model, predictions_of
from mmkeras.tasks.prediction.graph import raw_model
from mmkeras.tasks.prediction.heads import HeadChoice, heads_for, is_linear, model_of_heads, start
from mmkeras.tasks.prediction.linear_part import explain
from mmkeras.tasks.prediction.material import (
    EVALUATION_BATCH,
    TrainingData,
    write_held_out,
    write_schema,
    write_true_probabilities,
)
from mmkeras.tasks.prediction.naive_bayes import fit_naive_bayes
from mmkeras.tasks.prediction.refit import refit
from mmkeras.tasks.prediction.relevance import weigh_columns


def prepare(config: Config, source: Any, folder: Path, log: Log) -> TrainingData:
    """Adapt the input columns and the targets on the training rows; write state and schema.json."""
    table, split = source.table, source.split
    names, notations = zip(*((column.name, column.notation) for column in table.targets), strict=True)
    missing = [mark for column in table.targets for mark in column.missing]
    if source.start is None:
        targets = fit_targets(table.task, names, split.train, notations, missing)
    else:
        targets = Targets.from_json(source.start.schema["targets"])
    known = None if source.start is None else load_columns(source.start.inputs, source.start.folder)
    model = config.model.model
    recipe = importlib.import_module(MODELS[model])
    otherwise, text_spec = read_otherwise(source.own, config, recipe.text_spec), recipe.text_spec(config.text)
    takes_presence = model == "multimodal"
    columns, features = adapt_columns(
        config, source.tables, split, source.media, text_spec, takes_presence, folder, log, known, otherwise
    )
    own_fusion = None
    if source.own is not None:
        titles, sizes = titles_of(table.inputs), recipe.sizes_of(config.model)
        columns, own_fusion = adopt(source.own, columns, titles, sizes, config, folder, log)
    elif source.start is not None:
        columns, own_fusion = carry(source.start.folder, columns, config, folder)
    write_schema(folder, table, columns, targets)
    encoded = {name: targets.encode(getattr(split, name)) for name in ("train", "validation")}
    if targets.mean:
        encoded |= winsorise({name: np.asarray(numbers) for name, numbers in encoded.items()}, targets, split, log)
    inputs = input_entries(columns, table, takes_presence)
    return TrainingData(columns, features, targets, encoded, split, inputs, len(table.bad_rows), own_fusion)


def winsorise(encoded: dict[str, np.ndarray], targets: Targets, split: Split, log: Log) -> dict[str, np.ndarray]:
    """The encoded targets with outliers at the nearest other number: one of 1e9 would drown all other rows' losses."""
    limited = {name: winsorised(values) for name, values in encoded.items()}
    for k, name in enumerate(targets.names):
        is_outlier = limited["train"][:, k] != encoded["train"][:, k]
        if is_outlier.any():
            example = split.train[name][is_outlier].iloc[0]
            share = f"{is_outlier.sum():,} of {len(is_outlier):,} targets lie far from all others, such as {example}"
            log(f"{name}: {share}; the loss takes the nearest other number in their place, the figures do not")
    return limited


@contextlib.contextmanager
def precision(mixed: bool) -> Iterator[None]:
    """The core computes in 16 bits if `mixed`. The preprocessing layers compute with whole numbers and never do."""
    before = keras.config.dtype_policy()
    if mixed:
        on_gpu = bool(tf.config.list_physical_devices("GPU"))
        keras.config.set_dtype_policy("mixed_float16" if on_gpu else "mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build(config: Config, data: TrainingData, log: Log) -> Trainable:
    """Build and compile the model; load word vectors of a file into their layer."""
    recipe = importlib.import_module(MODELS[config.model.model])
    task = importlib.import_module(TASKS[data.targets.task])
    training = config.training
    epochs = training.epochs or recipe.EPOCHS
    train = data.batches("train", training.batch_size or recipe.BATCH_SIZE, training, training.seed)
    with precision(training.mixed_precision):
        core = build_core(data.columns, data.targets.outputs, config, own_fusion=data.own_fusion)
    for name, column in data.columns.items():
        if column.bag is not None and column.bag.vectors is not None:
            core.model.get_layer(VECTORS.format(name=name)).table.assign(column.bag.vectors)
    weigh_columns(core.model, data)
    model, steps, settle = core.model, len(train) * epochs, None
    if is_linear(core):
        heads = heads_for(core, data, config)
        model = model_of_heads(core, heads, data, config)
        settle = HeadChoice(model, core, heads, data) if heads else None
        recipe.compile_model(model, training, steps, heads=heads)
        if not training.continue_from:
            start(model, train)
        if len(heads) > 1:
            log(f"{len(heads)} rates are trained side by side; the lines of the epochs show their means")
        elif not heads:
            rate = training.learning_rate or recipe.LEARNING_RATE
            log(f"one rate: adagrad {rate:g}" + ("" if training.learning_rate else " (--learning-rate changes it)"))
    else:
        recipe.compile_model(model, training, steps, task.loss(training), task.metrics())
    make_variables(model)
    return Trainable(
        model=model,
        saved=core.model,
        raw=functools.partial(raw_model_of, core, data, config),
        parts=core,
        train=train,
        validation=data.batches("validation", EVALUATION_BATCH, training, None),
        epochs=epochs,
        patience=training.patience or recipe.PATIENCE,
        monitor=task.MONITOR,
        rows=len(data.encoded["validation"]) if recipe.LATEST_OF_EQUALS else None,
        callbacks=[train],
        settle=settle,
    )


def raw_model_of(core: Core, data: TrainingData, config: Config) -> keras.Model:
    """The trained model from raw inputs to the answer, in float32, with layers that train and that export.

    Under a size budget its tables are quantised.
    """
    if config.training.mixed_precision:
        trained = core.model
        core = build_core(data.columns, data.targets.outputs, config, own_fusion=data.own_fusion)
        core.model.set_weights(trained.get_weights())
    core = quantised(core, data.columns)
    table = {spec["name"]: Column.read_as(spec) for spec in columns_of(data.inputs)}
    return raw_model(core, data.columns, table, data.targets)


def evaluate(
    trained: Trainable, data: TrainingData, config: Config, best: Mapping[str, float], folder: Path, log: Log
) -> dict[str, Any]:
    """Fit naive Bayes; figures on the held-out rows; the refit; set the temperature of the model."""
    core: Core = trained.parts
    split = data.split
    deployed = quantised(core, data.columns)
    balanced = config.training.class_weight == "balanced"
    counts = config.model.naive_bayes and not config.training.continue_from  # else they stay: they are of all rows
    ensemble = fit_naive_bayes(core, data, balanced) if counts else None
    truth = data.targets.truth(split.validation)
    evaluation = evaluate_model(deployed, data, truth, data.inputs)
    write_held_out(split, evaluation, folder)
    if data.targets.kind.every_class:
        write_true_probabilities(evaluation.predictions, truth, folder)
    figures = {**evaluation.figures, **(trained.settle.figures if trained.settle else {})}
    effects = column_effects(deployed, data, lambda logits: predictions_of(logits, data), log)
    if effects:
        figures["columns"] = effects
    explained = explain(deployed, data, evaluation)
    if explained:
        write_json(folder / EXPLAINED, explained)
    figures |= compare_with_baselines(data, evaluation.predictions, truth, config, log)
    figures["folded"] |= refit(core, config, data, ensemble, trained.settle.head if trained.settle else None, log)
    if ensemble is not None:
        figures["naive_bayes"] = {"share": ensemble.weight}
        unused = "naive Bayes over the texts does not help on the held-out rows: its weight is 0"
        log(f"naive Bayes over the texts is added with weight {ensemble.weight:g}" if ensemble.weight else unused)
    if "calibration" in figures:
        core.model.get_layer("temperature").inverse.assign(1 / figures["calibration"]["temperature"])
        log(in_words(figures["calibration"]))
    return {
        "target": data.targets.names[0],
        **figures,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": data.bad_rows},
        "cut": {name: column.cut for name, column in data.columns.items() if column.cut is not None},
    }


def summary(figures: Mapping[str, Any]) -> str:
    """Accuracy and macro F1, or the figures of labels or numbers, and their number of rows."""
    return summary_of(figures["validation"])
