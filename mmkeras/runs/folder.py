"""The run folder as a place: made, set aside while another takes its name, restored."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json, read_config
from mmkeras.errors import InputError
from mmkeras.runs.environment import environment
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.files import write_atomically, write_json


def default_output(config: Config) -> Path:
    """runs/<name of the CSV>, unless `--output` says otherwise."""
    name = Path(config.data.text_file or config.data.csv).name.split(".")[0] or "run"
    return Path(config.output.output) if config.output.output else Path("runs") / name


def is_run(folder: Path) -> bool:
    """Is a folder one of ours, ended or interrupted? Many programs write a config.json, few one with our keys."""
    try:
        return "csv" in read_json(folder / "config.json") and bool(read_config(folder / "config.json"))
    except InputError:
        return False


def open_folder(config: Config) -> Path:
    """Make the run folder, or refuse: nothing is overwritten without a flag.

    A run that has ended is not deleted but set aside, until `drop_replaced` or `restore_replaced` is called.
    Raises InputError when the folder exists and neither `--overwrite` nor `--resume` says what to do with it.
    """
    folder = default_output(config)
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the run, found a file. Choose another --output.")
    if folder.is_dir() and any(folder.iterdir()):
        ours = is_run(folder)
        if config.output.overwrite and not ours:
            raise InputError(
                f"{folder}: this folder is not a run, so --overwrite leaves it alone. Choose another --output."
            )
        if config.output.overwrite:
            _set_aside(folder, config)
        elif not config.output.resume:
            state = "already holds a run" if (folder / FINISHED).exists() else "holds an interrupted run"
            raise InputError(
                f"{folder}: the folder {state}. Go on with --resume, replace it with --overwrite, or choose --output."
                if ours
                else f"{folder}: the folder is not empty and is not a run. Choose another --output."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: the run folder cannot be made ({error.strerror}). Choose another --output."
        ) from None
    return folder


def _replaced(folder: Path) -> Path:
    """Where a run waits while another takes its place."""
    return folder.with_name(f".{folder.name}.replaced")


def _set_aside(folder: Path, config: Config) -> None:
    """Move an ended run out of the way; an interrupted one is of no use and goes."""
    for name in (config.data.text_file or config.data.csv, config.data.validation, config.text.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(
                f"{folder}: --overwrite would replace the folder that {name} lies in. Choose another --output."
            )
    if (folder / FINISHED).exists():
        shutil.rmtree(_replaced(folder), ignore_errors=True)
        folder.rename(_replaced(folder))
    else:
        shutil.rmtree(folder)


def drop_replaced(folder: Path) -> None:
    """The new run has ended: the one it replaces goes."""
    shutil.rmtree(_replaced(folder), ignore_errors=True)


def restore_replaced(folder: Path) -> None:
    """The new run came to nothing: it goes, and the one it was to replace comes back."""
    shutil.rmtree(folder, ignore_errors=True)
    if _replaced(folder).exists():
        _replaced(folder).rename(folder)


@contextlib.contextmanager
def new_run(config: Config) -> Iterator[Path]:
    """The run folder with config.json and environment.json, for a training inside the block, and `finish` behind it.

    An InputError in the block takes the folder away and brings back the run that it was to replace; not where a run is
    resumed. After any other interruption the folder stays: `--resume` continues it.
    """
    folder = open_folder(config)
    # how a training was started is no choice of the training: the same file starts the same training again
    write_atomically(folder / "config.json", config_to_json(config.replace(overwrite=False, resume=False, debug=False)))
    write_json(folder / "environment.json", environment(config))  # so early, for a resumed run must find the same files
    try:
        yield folder
    except InputError:
        if not config.output.resume:
            restore_replaced(folder)
        raise


def finish(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write metrics.json, which makes a run a finished one, and drop the run that it replaces."""
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
