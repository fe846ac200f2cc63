"""The ablation: every fusion on every subset of the modalities, several seeds each, compared in one table."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.data.table import Table
from mmkeras.errors import InputError, Interrupted
from mmkeras.experiments.fingerprint import QUESTION, fingerprint_of, refuse_others, write_fingerprint
from mmkeras.experiments.options import FUSIONS, Ablate, check_fusions
from mmkeras.experiments.results import RESULT, Cell, as_table, write_results
from mmkeras.experiments.shared_rows import BAD_ROWS, CHECK, HELD_OUT, TRAIN, choose_rows, write_rows
from mmkeras.experiments.trials import Trial, all_trials, group, is_finished, record_of, run_trial, trial_config
from mmkeras.runs.folder import default_output
from mmkeras.runs.recovery import is_run
from mmkeras.system.locks import locked
from mmkeras.system.outputs import refuse_links_inside, refuse_special
from mmkeras.system.progress import Log, about, left, not_silent

PLACE: Final = "timing"  # folder of the steps that are timed
LONG: Final = 600.0  # seconds from which on the command line asks
Confirm = Callable[[int, float], None]
"""(number of trainings, seconds at most) -> nothing; it raises where they are not to be started."""

__all__ = ["FUSIONS", "Ablate", "Trial", "ablate", "all_trials", "as_table", "open_ablation"]


def ablate(options: Ablate, log: Log = print, confirm: Confirm = lambda trainings, seconds: None) -> Path:
    """Run all trainings below one folder; write ablation.json, ablation.csv and ablation.html. Returns the folder.

    The table is read, its media are checked and its rows are split once; every training uses the same train.csv and
    held_out.csv. A subset is trained and evaluated on the rows with a filled cell in its columns. Training rows that
    repeat the inputs of a held-out row in these columns are left out, as by `split_table`.

    Finished trainings are not repeated: an interrupted ablation continues. A trial that cannot be trained has an empty
    cell in the table.
    confirm: called with the number of trainings and the seconds that they take at most, before the first one; what it
    raises ends the ablation.
    Raises Interrupted for Ctrl-C; InputError if no trial can be trained, for an unknown fusion or subset, or for a
    folder with other contents, such as trainings of other options or of another CSV.
    """
    from mmkeras.training.sources import read_tables  # late: --help does not need it

    check_config(options)
    check_fusions(options)
    config = Config(**{group.name: getattr(options, group.name) for group in fields(Config)})
    tables = read_tables(config, log)
    groups = group(tables["table"])
    trials = list(all_trials(options, groups))
    folder = ablation_folder(options)
    refuse_special(folder)
    with locked(folder):
        open_ablation(options)
        compare(options, config, tables, trials, folder, log, confirm)
    return folder


def compare(
    options: Ablate,
    config: Config,
    tables: dict[str, Table],
    trials: Sequence[Trial],
    folder: Path,
    log: Log,
    confirm: Confirm,
) -> None:
    """Check the rows, run the trials and write the results, all into a folder whose lock the caller holds."""
    fingerprint = fingerprint_of(config)
    if not options.output.overwrite:
        refuse_others(folder, fingerprint)
    ablation, groups = options.ablation, group(tables["table"])
    seeds = f"{ablation.seeds} seed{'s' if ablation.seeds > 1 else ''}"
    log(f"{trainings(len(trials))}: {', '.join(ablation.fusions)}; {', '.join(groups)}; {seeds}")
    rows = choose_rows(config, tables, folder, log)
    fingerprint["media"] = rows.media
    if not options.output.overwrite:
        refuse_others(folder, fingerprint)
    write_fingerprint(folder, fingerprint, options.output.overwrite)
    shared = write_rows(rows, config, folder)
    try:
        to_do = [t for t in trials if not is_finished(folder / t.name, record_of(t), fingerprint)]
        if to_do:
            confirm(len(to_do), say_how_long(to_do, len(trials), shared, tables["table"], folder, log))
        train_all(trials, len(to_do), shared, tables["table"], fingerprint, folder, log)
    except KeyboardInterrupt:
        done = sum(is_finished(folder / t.name, record_of(t), fingerprint) for t in trials)
        raise Interrupted(f"{folder}: {done} of {len(trials)} trainings are done and kept", again=True) from None
    finally:
        shutil.rmtree(folder / PLACE, ignore_errors=True)
    log(table_of(folder))
    from mmkeras.report.ablation import write_ablation_report  # late: Matplotlib

    write_ablation_report(folder)


def say_how_long(to_do: Sequence[Trial], count: int, shared: Config, table: Table, folder: Path, log: Log) -> float:
    """Log how many trainings there are to do, and how long they take at most. Returns the seconds; 0 if unknown."""
    from mmkeras.training.timing import STEPS, seconds_of  # late: an ablation that is finished does not need it

    largest = max(to_do, key=lambda trial: len(trial.columns))
    done = f", {count - len(to_do)} of {count} being done" if len(to_do) < count else ""
    try:
        with not_silent(log, "timing a few steps of a training"):
            each, epochs = seconds_of(trial_config(largest, shared, table, folder / largest.name), folder / PLACE)
    except InputError as error:  # the largest subset cannot be trained; others may
        log(f"{trainings(len(to_do))}{done}; how long they take is not known ({error})")
        return 0.0
    seconds = len(to_do) * each
    of_what = f"estimated from {STEPS} steps on all columns, for {epochs} epochs each: early stopping saves some"
    log(f"{trainings(len(to_do))}{done}: at most {about(seconds)}, {of_what}")
    return seconds


def trainings(count: int) -> str:
    """1 training, 2 trainings."""
    return f"{count} training{'s' if count > 1 else ''}"


def train_all(
    trials: Sequence[Trial],
    to_do: int,
    shared: Config,
    table: Table,
    fingerprint: dict[str, Any],
    folder: Path,
    log: Log,
) -> None:
    """Run the trials one after another; write the results after each. Raises InputError if none can be trained.

    to_do: how many of them are not finished. shared: the Config of all trials. table: the rows of the user's file.
    """
    cells: dict[tuple[Any, ...], Cell] = {}
    began = time.perf_counter()
    score_name, failed, tried = "", 0, 0
    for number, trial in enumerate(trials, 1):
        cell = cells.setdefault((trial.fusion, trial.modalities), Cell(trial.fusion, trial.modalities, trial.columns))
        prefix = f"{number}/{len(trials)}  {trial.name}"
        output = folder / trial.name
        tried += not is_finished(output, record_of(trial), fingerprint)
        try:
            with not_silent(log, f"training {trial.name}"):
                figures = run_trial(trial, trial_config(trial, shared, table, output), fingerprint, output)
        except InputError as error:  # of this subset alone; the other trials go on
            failed += 1
            cell.failed.append(str(error))
            log(f"{prefix}  cannot be trained: {error}")
        else:
            score_name = figures["score_name"]
            cell.scores.append(figures["score"])
            cell.rows = figures["rows"]
            log(
                f"{prefix}  {score_name} {figures['score']:.4f}  on {figures['rows']} rows"
                f"{left(tried, to_do, time.perf_counter() - began)}"
            )
        if score_name:
            write_results(folder, table.path, score_name, list(cells.values()))
    if failed == len(trials):
        raise InputError(f"{folder}: none of the {failed} trainings could be done; the reasons are above.")
    if failed:
        log(f"{failed} of {len(trials)} trainings could not be done; the reasons are above, and in {RESULT}")


def table_of(folder: Path) -> str:
    """The scores of a folder's trainings, as a table."""
    return as_table(json.loads((folder / RESULT).read_text(encoding="utf-8")))


def ablation_folder(options: Ablate) -> Path:
    """The folder of all trainings: --output, or runs/<name of the CSV>-ablation."""
    folder = default_output(options.data, options.output)
    return folder if options.output.output else folder.with_name(f"{folder.name}-ablation")


def open_ablation(options: Ablate) -> Path:
    """Make the folder of all trainings. Raises InputError for a folder with other contents, which could be replaced."""
    folder = ablation_folder(options)
    for name in (options.data.csv, options.data.validation, options.text.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(f"{folder}: {name} lies in it, and could be replaced. Choose another --output.")
    # a check that failed leaves its list of bad rows
    if folder.is_dir() and any(not path.name.startswith(CHECK) for path in folder.iterdir()):
        if not (folder / QUESTION).exists() and not any(is_run(path.parent) for path in folder.glob("*/config.json")):
            raise InputError(f"{folder}: the folder is not empty and is no ablation. Choose another --output.")
        foreign = [name for name in (TRAIN, HELD_OUT, BAD_ROWS) if (folder / name).exists()]
        if foreign and not (folder / QUESTION).exists() and not (folder / RESULT).exists():
            raise InputError(
                f"{folder}/{foreign[0]}: it is of no ablation, and would be replaced. Choose another --output."
            )
    folder.mkdir(parents=True, exist_ok=True)
    refuse_links_inside(folder)
    return folder
