"""A run that `--overwrite` sets aside while a new one replaces it: it comes back unless the new run is finished."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.locks import locked
from mmkeras.system.program import call
from mmkeras.system.progress import Log
from mmkeras.system.temporary import beside, discard

CHECKPOINT = "checkpoint.npz"  # of an interrupted run that has finished an epoch


def is_run(folder: Path) -> bool:
    """Is a folder a run, finished or interrupted? Many programs write a config.json, few with the keys of a Config."""
    try:
        return "csv" in read_json(folder / "config.json") and bool(read_config(folder / "config.json"))
    except InputError:
        return False


def aside_of(folder: Path) -> Path:
    """The path of a run that is set aside while a new run replaces it."""
    return beside(folder, ".replaced")


def has_aside(folder: Path) -> bool:
    """Is a run set aside? Raises InputError for something else in its place."""
    aside = aside_of(folder)
    if not os.path.lexists(aside):
        return False
    if aside.is_symlink() or not is_run(aside):
        raise InputError(f"{aside}: it is no run, and a run that is replaced would be kept there meanwhile. Move it.")
    return True


def set_aside(folder: Path) -> None:
    """Rename the run that is replaced. A run that is set aside already stays, if no finished run has followed it."""
    if not has_aside(folder):
        folder.rename(aside_of(folder))
    elif (folder / FINISHED).exists():
        discard(aside_of(folder))
        folder.rename(aside_of(folder))
    else:
        discard(folder)


def drop_replaced(folder: Path) -> None:
    """Delete the run that was set aside: the new run is finished."""
    if has_aside(folder):
        discard(aside_of(folder))


def restore_replaced(folder: Path) -> None:
    """Delete the new run, which failed, and restore the run that was set aside."""
    if folder.exists():
        discard(folder)
    if has_aside(folder):
        aside_of(folder).rename(folder)


def recover(folder: Path, log: Log) -> None:
    """Bring back the run that an interrupted `--overwrite` has set aside. The caller holds the lock of `folder`.

    A new run that has finished an epoch is kept as <folder>.interrupted, to be resumed there.
    """
    if not has_aside(folder):
        return
    aside = aside_of(folder)
    if (folder / FINISHED).exists():  # the end came between the last file and the deletion
        discard(aside)
        return
    if folder.exists() and any(folder.iterdir()) and not is_run(folder):
        raise InputError(f"{folder}: it is no run, and stands in the place of the one kept as {aside}. Move it.")
    line = f"{folder}: an interrupted --overwrite had set this run aside; it is back"
    if (folder / CHECKPOINT).exists():
        kept = _free(folder.with_name(f"{folder.name}.interrupted"))
        folder.rename(kept)
        line += f". The new run goes on with: {call('train', '--resume', '--output', kept)}"
    elif folder.exists():
        discard(folder)
    aside.rename(folder)
    log(line)


def _free(path: Path) -> Path:
    """The path, or the first of path-2, path-3, … that does not exist."""
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def bring_back(folder: Path, log: Log = print) -> None:
    """`recover` for a command that reads a run. Raises InputError while another process writes the run."""
    if not folder.is_symlink() and os.path.lexists(aside_of(folder)):
        with locked(folder):
            recover(folder, log)


@contextlib.contextmanager
def reading(folder: Path, log: Log = print) -> Iterator[None]:
    """Read a run in the block, in which no other process replaces it, after `bring_back`."""
    bring_back(folder, log)
    with locked(folder, shared=True):
        yield
