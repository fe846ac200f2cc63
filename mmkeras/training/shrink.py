"""A finished run -> a smaller one: the same table and flags, trained again under a size budget."""

from __future__ import annotations

from pathlib import Path

from mmkeras.config.config import Config
from mmkeras.config.sizes import size_of
from mmkeras.errors import InputError
from mmkeras.runs.environment import file_hash
from mmkeras.runs.recovery import bring_back
from mmkeras.runs.run import Run, open_run
from mmkeras.system.json_files import check_shape
from mmkeras.system.program import call
from mmkeras.system.progress import Log
from mmkeras.training.train import train

MODEL = "wide_deep"


def shrink(path: Path, size_budget: str, output: Path | None, overwrite: bool, log: Log = print) -> Path:
    """Train the run `path` again under a budget. Returns the new run folder: `output`, or the run's with the budget.

    Raises InputError for a budget that is no size or too small, for a model without a table of n-grams, and where the
    table of the run is gone or has changed.
    """
    size_of(size_budget)
    bring_back(path)
    run = open_run(path)
    check_model(run, size_budget)
    folder = output or path.with_name(f"{path.resolve().name}-{size_budget.replace(' ', '')}")
    if folder.resolve() == path.resolve():
        raise InputError(f"{folder}: it is the run that gets smaller, and it stays. Choose another --output.")
    check_rows(run)
    log(f"{path}: trained again on its table, {run.config.data.csv}, with all n-grams and then with those that fit")
    return train(shrunk_config(run, size_budget, folder, overwrite), log)


def shrunk_config(run: Run, size_budget: str, folder: Path, overwrite: bool) -> Config:
    """The flags of the run, with the budget and another folder."""
    return run.config.replace(
        size_budget=size_budget, output=str(folder), overwrite=overwrite, resume=False, debug=False
    )


def check_model(run: Run, size_budget: str) -> None:
    """Raise InputError for a run whose model has no table of n-grams, or that goes on from another run."""
    task, model = run.schema["task"], run.config.model.model
    if model != MODEL:
        name = f" with the model {model}" if model != "auto" else ""
        raise InputError(
            f"{run.folder}: only the model {MODEL} gets smaller, which learns classes from text columns alone; this "
            f"run is of the task {task}{name}. Train a smaller one: with a smaller --width, or other columns."
        )
    if run.config.training.continue_from:
        raise InputError(
            f"{run.folder}: the run went on from {run.config.training.continue_from}, and its own table has only the "
            "last rows. A smaller model is trained anew: put all rows into one table, and "
            f"{call('train', 'ALL.csv', '--size-budget', size_budget)}"
        )


def check_rows(run: Run) -> None:
    """Raise InputError where a table of the run is gone or has changed since: its model is trained again on it."""
    path = run.folder / "environment.json"
    check_shape(run.environment, {"sha256": {"*": str}}, path, "The run is damaged.")
    for name, saved_hash in run.environment["sha256"].items():
        if not Path(name).is_file():
            raise InputError(
                f"{name}: the table that the run {run.folder} was trained on is gone, and a smaller model is trained "
                "again on its rows. Put it back (paths start at the current folder), or train on another table with "
                "--size-budget."
            )
        if file_hash(name) != saved_hash:
            raise InputError(
                f"{name}: the table has changed since the run {run.folder} was trained on it: the accuracies could not "
                f"be compared. Put the old one back, or train on the new one: {call('train', name)} --size-budget …"
            )
