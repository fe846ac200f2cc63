"""Makes the run folder; an earlier run is set aside while a new one replaces it, and restored on failure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.command_line import command_of
from mmkeras.config.config import Config, Output, Text
from mmkeras.config.data import Data
from mmkeras.config.json_file import config_to_json
from mmkeras.errors import InputError, Interrupted
from mmkeras.runs.environment import environment
from mmkeras.runs.recovery import CHECKPOINT, drop_replaced, has_aside, is_run, recover, restore_replaced, set_aside
from mmkeras.runs.run import FINISHED, HISTORY
from mmkeras.system.files import write_atomically, write_json
from mmkeras.system.locks import locked
from mmkeras.system.outputs import refuse_links_inside, refuse_special
from mmkeras.system.program import call
from mmkeras.system.progress import Log
from mmkeras.system.temporary import sweep_inside


def default_output(data: Data, output: Output) -> Path:
    """The folder that `--output` names, else runs/<name of the CSV>."""
    name = Path(data.text_file or data.csv).name.split(".")[0] or "run"
    return Path(output.output) if output.output else Path("runs") / name


@contextlib.contextmanager
def run_lock(config: Config) -> Iterator[Path]:
    """The run folder's path, which no other process writes during the block. Raises InputError where one does."""
    folder = default_output(config.data, config.output)
    refuse_special(folder)
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the run, received a file. Choose another --output.")
    with locked(folder):
        yield folder


def open_folder(config: Config, log: Log = print) -> Path:
    """Make the run folder. Nothing is overwritten without a flag. The caller holds the folder's lock.

    With `--overwrite` a run is set aside until `drop_replaced` or `restore_replaced` is called.
    Raises InputError when the folder exists without `--overwrite` or `--resume`, or is not a run.
    """
    folder = default_output(config.data, config.output)
    refuse_special(folder)
    if not config.output.overwrite and not (config.output.resume and folder.exists()):
        recover(folder, log)
    if folder.is_dir() and any(folder.iterdir()):
        holds_run = is_run(folder)
        if config.output.overwrite and not holds_run:
            raise InputError(
                f"{folder}: this folder is not a run, so --overwrite leaves it alone. Choose another --output."
            )
        if config.output.overwrite:
            _check_inputs_elsewhere(folder, config.data, config.text)
            set_aside(folder)
        elif not config.output.resume:
            raise InputError(f"{folder}: {state_of(folder, holds_run)}")
        else:
            refuse_links_inside(folder)  # what is written again would go through them
            sweep_inside(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: the run folder cannot be made ({error.strerror}). Choose another --output."
        ) from None
    return folder


def state_of(folder: Path, holds_run: bool) -> str:
    """Why a folder that is not empty takes no new run, and what to do."""
    if not holds_run:
        return "the folder is not empty and is not a run. Choose another --output."
    if (folder / FINISHED).exists():
        return "the folder already holds a run, which is finished. Replace it with --overwrite, or choose --output."
    return (
        f"the folder holds an interrupted run. Go on with it: {resume_command(folder)} (or replace it with "
        "--overwrite, or choose --output)."
    )


def resume_command(folder: Path) -> str:
    """The command that ends an interrupted run; config.json has all of its other flags."""
    return call("train", "--resume", "--output", folder)


def _check_inputs_elsewhere(folder: Path, data: Data, text: Text) -> None:
    """Raise InputError where a folder that is to be replaced holds an input file, or is the current one."""
    for name in (data.text_file or data.csv, data.validation, text.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(
                f"{folder}: --overwrite would replace the folder that {name} lies in. Choose another --output."
            )
    if folder.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise InputError(f"{folder}: --overwrite would replace the current folder. Start the command in another one.")


@contextlib.contextmanager
def new_run(
    config: Config, log: Log = print, record: Mapping[str, Any] | None = None, go_on: str = ""
) -> Iterator[Path]:
    """The run folder with config.json and environment.json, for a training in the block; `finish` ends it.

    The caller holds the folder's lock. record: further entries of environment.json. go_on: what ends the run after an
    interruption, if the command line cannot.

    After an InputError in the block the folder is deleted and the run that it replaces is restored, unless a run is
    being resumed. After any other interruption the folder stays: `--resume` continues the run. Raises Interrupted for
    Ctrl-C, with the command that goes on.
    """
    folder = open_folder(config, log)
    # without the flags that say how a training was started: the same file starts the same training again
    write_atomically(folder / "config.json", config_to_json(config.replace(overwrite=False, resume=False, debug=False)))
    # before the training: a resumed run compares the hashes of its files
    facts = environment(config.data, config.training, command_of(config))
    write_json(folder / "environment.json", {**facts, **(record or {})})
    try:
        yield folder
    except InputError:
        if not config.output.resume and not (folder / FINISHED).exists():
            restore_replaced(folder)
        raise
    except KeyboardInterrupt:
        raise Interrupted(what_is_left(folder, go_on or resume_command(folder))) from None


def what_is_left(folder: Path, go_on: str) -> str:
    """What an interrupted training leaves, and the command that goes on."""
    if (folder / FINISHED).exists():
        return f"{folder}: the run is finished. Next: {call('export', folder)}"
    epochs = 0
    if (folder / CHECKPOINT).exists():
        epochs = (folder / HISTORY).read_text(encoding="utf-8").count("\n") - 1
    done = {0: "no epoch is done yet", 1: "1 epoch is done"}.get(epochs, f"{epochs} epochs are done")
    if has_aside(folder):
        done += ", and the run that was to be replaced is kept: it is back with any command but this one"
    return f"{folder}: {done}. {'Go on' if epochs else 'Start again'} with: {go_on}"


def finish(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write metrics.json, which marks a run as finished, and delete the checkpoint and the run that it replaces."""
    write_json(folder / FINISHED, figures)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    drop_replaced(folder)
