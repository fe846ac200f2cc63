"""One training, from a Config to a finished run folder."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config import Config, config_to_json
from mmkeras.config_check import check_config
from mmkeras.errors import InputError
from mmkeras.files import write_atomically, write_json, written_whole
from mmkeras.idle import idle_flags
from mmkeras.inputs import input_names, presence
from mmkeras.media_check import Media, check_media, has_media
from mmkeras.metrics import summary
from mmkeras.modalities import MEDIA, MODALITIES
from mmkeras.model_choice import resolved
from mmkeras.models import MODELS
from mmkeras.progress import named
from mmkeras.run import (
    FINISHED,
    LINE,
    PART,
    PREDICTION,
    PROBABILITY,
    check_same_kinds,
    drop_replaced,
    environment,
    open_folder,
    restore_replaced,
    resumed_config,
)
from mmkeras.split import Split, split_table, write_split
from mmkeras.start import start_tensorflow
from mmkeras.table import Table, read_rows, read_table, write_bad_rows, write_csv
from mmkeras.table_lines import describe
from mmkeras.targets import Targets, learn_targets

Say = Callable[[str], None]


def train(config: Config, say: Say = print) -> Path:
    """Read the table, check its media, split it, adapt, build, fit, measure; write the run folder. Returns its path.

    Raises InputError for anything the user can mend, before the run folder is touched wherever that is possible.
    """
    if (resumed_config(config) if config.resume else config).task == "language_model":
        from mmkeras.language_training import train_language_model

        return train_language_model(config, say)
    began = time.perf_counter()
    check_config(config)
    if config.resume:
        config = resumed_config(config)
    tables = read_tables(config, say)
    kinds = {column.name: column.kind for column in tables["table"].inputs}
    if config.resume:
        check_same_kinds(config, kinds)
    else:
        for note in idle_flags(config, set(kinds.values())):
            say(note)
    config = resolved(config, tables["table"])
    if not has_media(tables["table"]):
        split_table(tables["table"], config, tables.get("validation"))  # what is wrong shows before anything is written
    folder = open_folder(config)
    # how it was started is no choice of the training: the same file starts the same training again
    write_atomically(
        folder / "config.json", config_to_json(replace(config, overwrite=False, resume=False, debug=False))
    )
    write_json(folder / "environment.json", environment(config))  # so early, for a resumed run must find the same files
    try:
        figures = fit(config, tables, folder, say)
    except InputError:
        if not config.resume:
            restore_replaced(folder)  # nothing to go on with: what the user mends is given again
        raise
    figures["seconds"]["total"] = round(time.perf_counter() - began, 2)
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
    if config.task == "generate":
        from mmkeras.report.writing import write_text_report

        write_text_report(folder)
        measured = figures["validation"]
        say(f"validation BLEU {measured['bleu']:.2f}  chrF {measured['chrf']:.2f}  exact {measured['exact']:.4f}")
        return folder
    from mmkeras.report.page import write_report  # after the run is safe: a report that fails costs nothing but itself

    write_report(folder)
    say(f"validation {summary(figures['validation'])}")
    return folder


def read_tables(config: Config, say: Say) -> dict[str, Table]:
    """`table` and, if there is such a file, `validation`: checked rows, said as they are read."""
    table = read_table(config)
    say(describe(table))
    if not config.validation:
        return {"table": table}
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
    return {"table": table, "validation": validation}


def fit(config: Config, tables: dict[str, Table], folder: Path, say: Say) -> dict[str, Any]:
    """Check media, split, adapt, build, fit, calibrate; write everything but the figures, which are returned."""
    began = time.perf_counter()
    tables, media = check_media(config, tables, folder, say)
    table = tables["table"]
    write_bad_rows(table, folder / "bad_rows.csv", tables.get("validation"))
    split = split_table(table, config, tables.get("validation"))
    for note in split.notes:
        say(note)
    say(f"{len(split.train)} rows to learn from, {len(split.validation)} held out")
    write_split(split, folder / "split.csv")
    checked = time.perf_counter()
    start_tensorflow(config)
    from mmkeras.counting import count_texts
    from mmkeras.fitting import Material, build_and_fit
    from mmkeras.measuring import measure

    targets = learn_targets(table.task, [column.name for column in table.targets], split.train)
    columns, sides = prepare(config, tables, split, media, folder, say)
    write_schema(folder, table, columns, targets)
    if config.task == "generate":
        from mmkeras.generate_training import learn_to_write

        inputs = input_entries(columns, table, takes_presence=True)
        return learn_to_write(config, columns, sides, split, table, inputs, folder, say)
    encoded = {side: targets.encode(getattr(split, side)) for side in ("train", "validation")}
    material = Material(columns, sides, targets, encoded)
    prepared = time.perf_counter()
    core, keeper = build_and_fit(config, material, folder, say)
    pooled = count_texts(core, material, config.class_weight == "balanced") if config.naive_bayes else None
    inputs = input_entries(columns, table, core.takes_presence)
    measured = measure(core, material, targets.truth(split.validation), inputs)
    write_held_out(split, measured, folder)
    measured.figures["folded"] |= learn_held_out(core, config, material, pooled, say)
    if pooled is not None:
        measured.figures["naive_bayes"] = {"share": pooled.share}
        silent = "naive Bayes of the texts is of no use to the held-out rows, and says nothing"
        say(f"naive Bayes of the texts answers too, to the power of {pooled.share:g}" if pooled.share else silent)
    if "calibration" in measured.figures:
        core.model.get_layer("temperature").inverse.assign(1 / measured.figures["calibration"]["temperature"])
    fitted = time.perf_counter()
    with written_whole(folder / "model.keras") as partial:
        core.model.save(partial)
    keeper.clear()
    return {
        "target": targets.names[0],
        **measured.figures,
        "epochs": keeper.epochs_done,
        "best_epoch": keeper.best_epoch + 1,
        "rows": {"train": len(split.train), "validation": len(split.validation), "bad": len(table.bad_rows)},
        "cut": {name: column.cut for name, column in columns.items() if hasattr(column, "cut")},
        "seconds": {
            "check": round(checked - began, 2),
            "prepare": round(prepared - checked, 2),
            "fit": round(fitted - prepared, 2),
        },
    }


def learn_held_out(core: Any, config: Config, material: Any, pooled: Any, say: Any) -> bool:
    """Learn the held-out rows, or count them, once they have measured the model. True where the model has changed."""
    from mmkeras.counting import count_held_out
    from mmkeras.fitting import fold_held_out

    # a file of their own is what rows are measured on again and again: it is not learned
    if not config.fold or config.validation:
        return False
    folded = fold_held_out(core.model, config, material)
    balanced = config.class_weight == "balanced"
    counted = pooled is not None and count_held_out(core, material, pooled, balanced)
    if folded or counted:
        rows, word = len(material.encoded["validation"]), "learned" if folded else "counted"
        say(f"the {rows} held-out rows have measured the model; now it has {word} them too")
    return folded or counted


def prepare(
    config: Config, tables: dict[str, Table], split: Split, media: Media, folder: Path, say: Say
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Adapt every input column on the training rows; write state and features. Returns modalities, and sides."""
    from mmkeras.sides import ArraySide

    recipe = importlib.import_module(MODELS[config.model])
    (folder / "state").mkdir(exist_ok=True)
    columns: dict[str, Any] = {}
    sides: dict[str, list[Any]] = {"train": [], "validation": []}
    inputs = tables["table"].inputs
    for name, column in zip(input_names([c.name for c in inputs]), inputs, strict=True):
        modality = importlib.import_module(MODALITIES[column.kind])
        cells = {side: getattr(split, side)[column.name].tolist() for side in sides}
        there = {side: [bool(cell.strip()) for cell in some] for side, some in cells.items()}
        given: Any = cells
        rule = recipe.text_rule(config) if column.kind == "text" else None
        if column.kind in MEDIA:
            rule, given = media.rules[column.name], media.sides(column.name, tables, split)
        told = named(say, name, column.name)
        columns[name], features = modality.learn(name, given, rule, config, folder, told)
        columns[name].save(folder / "state")
        for side in sides:
            sides[side].append(features[side])
            if config.model == "multimodal":
                present = np.array([there[side]], "float32").T  # [1, n] -> [n, 1]
                sides[side].append(ArraySide({f"{name}_present": present}))
    return columns, sides


def input_entries(columns: dict[str, Any], table: Table, takes_presence: bool) -> list[dict[str, Any]]:
    """The signature's part on inputs, as the Graph will have it."""
    entries = []
    for (name, modality), column in zip(columns.items(), table.inputs, strict=True):
        entries.append(modality.input(column.name).entry())
        if takes_presence:
            entries.append(presence(name, column.name).entry())
    return entries


def write_held_out(split: Split, measured: Any, folder: Path) -> None:
    """validation.csv: the held-out rows as they were read, and what the model says of them, in columns of ours."""
    ours = [split.validation_lines.tolist(), measured.words, [f"{p:.6f}" for p in measured.confidence]]
    parts = [[f"{value:.6f}" for value in values] for values in measured.parts.values()]
    columns = [*ours, *parts, *(split.validation[name] for name in split.validation)]
    header = [LINE, PREDICTION, PROBABILITY, *(PART + name for name in measured.parts), *split.validation]
    write_csv(folder / "validation.csv", [header, *zip(*columns, strict=True)])


def write_schema(folder: Path, table: Table, columns: dict[str, Any], targets: Targets) -> None:
    """schema.json: the columns as read, and what the model takes and gives."""
    inputs = [
        {"name": name, "column": column.name, "kind": column.kind, **modality.entry()}
        for (name, modality), column in zip(columns.items(), table.inputs, strict=True)
    ]
    schema = {
        "task": targets.task,
        "target": targets.names[0],
        "targets": targets.to_json(),
        "labels": list(targets.labels),
        "inputs": inputs,
        "columns": [asdict(c) for c in table.columns],
        "file": {"path": table.path, "encoding": table.encoding, "delimiter": table.delimiter},
    }
    write_json(folder / "schema.json", schema)
