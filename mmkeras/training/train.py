"""One training, from a Config to a finished run folder."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json
from mmkeras.config.unused_flags import idle_flags
from mmkeras.data.describe import describe
from mmkeras.data.split import split_table, write_split
from mmkeras.data.table import Table, read_rows, read_table, write_bad_rows
from mmkeras.data.targets import learn_targets
from mmkeras.errors import InputError
from mmkeras.metrics.tables import summary
from mmkeras.modalities.adapt import adapt_columns, input_entries
from mmkeras.modalities.media.check import check_media, has_media
from mmkeras.models import MODELS
from mmkeras.runs.environment import environment
from mmkeras.runs.folder import drop_replaced, open_folder, restore_replaced
from mmkeras.runs.resume import check_same_kinds, resumed_config
from mmkeras.runs.run import (
    FINISHED,
)
from mmkeras.system.files import write_atomically, write_json, written_whole
from mmkeras.system.progress import Say
from mmkeras.system.tensorflow import start_tensorflow
from mmkeras.training.resolve import resolved


def train(config: Config, say: Say = print) -> Path:
    """Read the table, check its media, split it, adapt, build, fit, measure; write the run folder. Returns its path.

    Raises InputError for anything the user can mend, before the run folder is touched wherever that is possible.
    """
    if (resumed_config(config) if config.output.resume else config).model.task == "language_model":
        from mmkeras.tasks.text_generation.language_model import train_language_model

        return train_language_model(config, say)
    began = time.perf_counter()
    check_config(config)
    if config.output.resume:
        config = resumed_config(config)
    tables = read_tables(config, say)
    kinds = {column.name: column.kind for column in tables["table"].inputs}
    if config.output.resume:
        check_same_kinds(config, kinds)
    else:
        for note in idle_flags(config, set(kinds.values())):
            say(note)
    config = resolved(config, tables["table"])
    if not has_media(tables["table"]):
        split_table(tables["table"], config, tables.get("validation"))  # what is wrong shows before anything is written
    folder = open_folder(config)
    # how it was started is no choice of the training: the same file starts the same training again
    write_atomically(folder / "config.json", config_to_json(config.replace(overwrite=False, resume=False, debug=False)))
    write_json(folder / "environment.json", environment(config))  # so early, for a resumed run must find the same files
    try:
        figures = fit(config, tables, folder, say)
    except InputError:
        if not config.output.resume:
            restore_replaced(folder)  # nothing to go on with: what the user mends is given again
        raise
    figures["seconds"]["total"] = round(time.perf_counter() - began, 2)
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
    if config.model.task == "generate":
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
    if not config.data.validation:
        return {"table": table}
    validation = read_rows(
        config.data.validation,
        table.columns,
        encoding=config.data.encoding,
        delimiter=config.data.delimiter,
        target_optional=False,
        keep_all=False,
        max_bad_rows=config.data.max_bad_rows,
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
    start_tensorflow(config.training.seed, large_tensors=config.model.model == "multimodal")
    from mmkeras.tasks.prediction.evaluate import measure
    from mmkeras.tasks.prediction.material import Material, write_held_out, write_schema
    from mmkeras.tasks.prediction.naive_bayes import count_texts
    from mmkeras.tasks.prediction.refit import learn_held_out
    from mmkeras.training.loop import build_and_fit

    targets = learn_targets(table.task, [column.name for column in table.targets], split.train)
    text_rule = importlib.import_module(MODELS[config.model.model]).text_rule(config)
    columns, sides = adapt_columns(
        config, tables, split, media, text_rule, config.model.model == "multimodal", folder, say
    )
    write_schema(folder, table, columns, targets)
    if config.model.task == "generate":
        from mmkeras.tasks.text_generation.seq2seq import learn_to_write

        inputs = input_entries(columns, table, takes_presence=True)
        return learn_to_write(config, columns, sides, split, table, inputs, folder, say)
    encoded = {side: targets.encode(getattr(split, side)) for side in ("train", "validation")}
    material = Material(columns, sides, targets, encoded)
    prepared = time.perf_counter()
    core, keeper = build_and_fit(config, material, folder, say)
    pooled = (
        count_texts(core, material, config.training.class_weight == "balanced") if config.model.naive_bayes else None
    )
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
