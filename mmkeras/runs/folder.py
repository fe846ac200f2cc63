"""Makes the run folder, sets an earlier run aside while a new one replaces it, and restores it on failure."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config, Output, Text
from mmkeras.config.data import Data
from mmkeras.config.json_file import config_to_json, read_config
from mmkeras.errors import InputError
from mmkeras.runs.environment import environment
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.files import write_atomically, write_json


def default_output(data: Data, output: Output) -> Path:
    """The folder that `--output` names, else runs/<name of the CSV>."""
    name = Path(data.text_file or data.csv).name.split(".")[0] or "run"
    return Path(output.output) if output.output else Path("runs") / name


def is_run(folder: Path) -> bool:
    """Is a folder a run, finished or interrupted? Many programs write a config.json, few with the keys of a Config."""
    try:
        return "csv" in read_json(folder / "config.json") and bool(read_config(folder / "config.json"))
    except InputError:
        return False


def open_folder(config: Config) -> Path:
    """Make the run folder. Nothing is overwritten without a flag.

    With `--overwrite` a finished run is set aside until `drop_replaced` or `restore_replaced` is called.
    Raises InputError when the folder exists without `--overwrite` or `--resume`, or is not a run.
    """
    folder = default_output(config.data, config.output)
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the run, received a file. Choose another --output.")
    if folder.is_dir() and any(folder.iterdir()):
        holds_run = is_run(folder)
        if config.output.overwrite and not holds_run:
            raise InputError(
                f"{folder}: this folder is not a run, so --overwrite leaves it alone. Choose another --output."
            )
        if config.output.overwrite:
            _set_aside(folder, config.data, config.text)
        elif not config.output.resume:
            state = "already holds a run" if (folder / FINISHED).exists() else "holds an interrupted run"
            raise InputError(
                f"{folder}: the folder {state}. Go on with --resume, replace it with --overwrite, or choose --output."
                if holds_run
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
    """The path of a run that is set aside while a new run replaces it."""
    return folder.with_name(f".{folder.name}.replaced")


def _set_aside(folder: Path, data: Data, text: Text) -> None:
    """Rename a finished run; delete an interrupted one. Raises InputError where the folder holds an input file."""
    for name in (data.text_file or data.csv, data.validation, text.word_vectors):
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
    """Delete the run that was set aside: the new run is finished."""
    shutil.rmtree(_replaced(folder), ignore_errors=True)


def restore_replaced(folder: Path) -> None:
    """Delete the new run, which failed, and restore the run that was set aside."""
    shutil.rmtree(folder, ignore_errors=True)
    if _replaced(folder).exists():
        _replaced(folder).rename(folder)


@contextlib.contextmanager
def new_run(config: Config) -> Iterator[Path]:
    """The run folder with config.json and environment.json, for a training in the block; `finish` ends it.

    After an InputError in the block the folder is deleted and the run that it replaces is restored, unless a run is
    being resumed. After any other interruption the folder stays: `--resume` continues the run.
    """
    folder = open_folder(config)
    # without the flags that say how a training was started: the same file starts the same training again
    write_atomically(folder / "config.json", config_to_json(config.replace(overwrite=False, resume=False, debug=False)))
    # before the training: a resumed run compares the hashes of its files
    write_json(folder / "environment.json", environment(config.data, config.training))
    try:
        yield folder
    except InputError:
        if not config.output.resume:
            restore_replaced(folder)
        raise


def finish(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write metrics.json, which marks a run as finished, and delete the run that it replaces."""
    write_json(folder / FINISHED, figures)
    drop_replaced(folder)
