"""Every fusion on every subset of the modalities, several seeds each: what a column is worth, what joins it best."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.data.table import Table
from mmkeras.errors import InputError
from mmkeras.experiments.fingerprint import (
    QUESTION,
    begin,
    fingerprint_of,
    refuse_others,
)
from mmkeras.experiments.options import FUSIONS, Ablate, check_fusions
from mmkeras.experiments.results import RESULT, Cell, as_table, write_results
from mmkeras.experiments.shared_rows import CHECK, choose_rows, write_rows
from mmkeras.experiments.trials import Trial, all_trials, group, run_trial, trial_config
from mmkeras.runs.folder import default_output
from mmkeras.runs.run import FINISHED
from mmkeras.system.progress import Log

__all__ = ["FUSIONS", "Ablate", "Trial", "ablate", "all_trials", "as_table", "open_ablation"]


def ablate(options: Ablate, log: Log = print) -> Path:
    """Train them all below one folder; write ablation.json, ablation.csv and ablation.html. Returns the folder.

    The table is read, its media are checked and its rows are split once: train.csv and held_out.csv are what every
    training has. A subset learns from the rows, and is measured on those, that have anything in its columns; training
    rows that repeat the inputs of a held-out row in these columns are left out, as `split_table` has it.

    Trainings that have ended are not done again: an interrupted ablation goes on where it stopped. One that cannot
    be trained leaves its place in the table empty.
    Raises InputError where none can be trained, for an unknown fusion or subset, or for a folder that holds something
    else, trainings of other options or another CSV among it.
    """
    from mmkeras.training.sources import read_tables  # late: whoever asks for --help needs none of it

    check_config(options)
    check_fusions(options)
    config = Config(**{group.name: getattr(options, group.name) for group in fields(Config)})
    tables = read_tables(config, log)
    groups = group(tables["table"])
    trials = list(all_trials(options, groups))
    folder = open_ablation(options)
    question = fingerprint_of(config)
    if not options.output.overwrite:
        refuse_others(folder, question)
    compared = options.ablation
    log(f"{len(trials)} trainings: {', '.join(compared.fusions)}; {', '.join(groups)}; {compared.seeds} seeds")
    rows = choose_rows(config, tables, folder, log)
    question["media"] = rows.media
    if not options.output.overwrite:
        refuse_others(folder, question)
    begin(folder, question, options.output.overwrite)
    train_all(trials, write_rows(rows, config, folder), tables["table"], question, folder, log)
    log(as_table(json.loads((folder / RESULT).read_text(encoding="utf-8"))))
    from mmkeras.report.ablation import write_ablation_report  # late: Matplotlib

    write_ablation_report(folder)
    return folder


def train_all(
    trials: Sequence[Trial], shared: Config, table: Table, question: dict[str, Any], folder: Path, log: Log
) -> None:
    """Train one after the other; write what is known after each. Raises InputError where none can be trained.

    shared: the Config of all; table: as the user's file was read.
    """
    cells: dict[tuple[Any, ...], Cell] = {}
    score_name, failed = "", 0
    for number, trial in enumerate(trials, 1):
        cell = cells.setdefault((trial.fusion, trial.modalities), Cell(trial.fusion, trial.modalities, trial.columns))
        head = f"{number}/{len(trials)}  {trial.name}"
        output = folder / trial.name
        try:
            measured = run_trial(trial, trial_config(trial, shared, table, output), question, output)
        except InputError as error:  # of this subset; the others may do
            failed += 1
            cell.failed.append(str(error))
            log(f"{head}  cannot be trained: {error}")
        else:
            score_name = measured["score_name"]
            cell.scores.append(measured["score"])
            cell.rows = measured["rows"]
            log(f"{head}  {score_name} {measured['score']:.4f}  on {measured['rows']} rows")
        if score_name:
            write_results(folder, table.path, score_name, list(cells.values()))
    if failed == len(trials):
        raise InputError(f"{folder}: none of the {failed} trainings could be done; the reasons are above.")
    if failed:
        log(f"{failed} of {len(trials)} trainings could not be done; the reasons are above, and in {RESULT}")


def open_ablation(options: Ablate) -> Path:
    """The folder of all trainings: --output, or runs/<name of the CSV>-ablation."""
    folder = (
        Path(options.output.output)
        if options.output.output
        else default_output(options.data, options.output).with_name(
            f"{default_output(options.data, options.output).name}-ablation"
        )
    )
    for name in (options.data.csv, options.data.validation, options.text.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(f"{folder}: {name} lies in it, and could be replaced. Choose another --output.")
    ours = (QUESTION, f"*/{FINISHED}", "*/config.json")
    if (
        folder.is_dir()
        and any(not path.name.startswith(CHECK) for path in folder.iterdir())  # or a list of bad rows beside it
        and not any(any(folder.glob(pattern)) for pattern in ours)
    ):
        raise InputError(f"{folder}: the folder is not empty and is no ablation. Choose another --output.")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
