"""A new exported folder takes its name when it is whole and verified; the one that it replaces is never half gone."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from mmkeras.errors import InputError
from mmkeras.runtime.exported import SIGNATURE
from mmkeras.system.outputs import refuse_special
from mmkeras.system.progress import Log
from mmkeras.system.temporary import beside, discard, temporary

PROOF: Final = "verify.json"
Passed = TypeVar("Passed")


@dataclass(frozen=True)
class Replacement:
    """A temporary folder to fill. folder: the name that it is to take."""

    path: Path
    folder: Path
    overwrite: bool

    def finish(self, passed: Passed, log: Log) -> tuple[Path, Passed]:
        """Name the folder: <folder>, or <folder>.rejected where it did not pass and another one has the name.

        passed: true or false, such as a Proof. Returns the named folder and `passed`. Raises InputError where a folder
        has come meanwhile.
        """
        folder = self.folder
        _check(folder, self.overwrite)  # again: minutes have passed
        if folder.exists() and not passed:
            folder = _rejected(folder)
            _check(folder, overwrite=True)
            log(f"{self.folder} is left as it was; what was rejected is kept beside it, as {folder}")
        replaced = beside(folder, ".replaced")
        if folder.exists():
            folder.rename(replaced)
        self.path.rename(folder)
        if replaced.exists():
            discard(replaced)
        return folder, passed


@contextlib.contextmanager
def replacement(folder: Path, overwrite: bool, log: Log) -> Iterator[Replacement]:
    """A temporary folder beside `folder`, deleted at the end unless it has been named. The caller holds the lock.

    An exported folder that a killed process was about to replace is restored first.
    Raises InputError for a folder that exists without `overwrite`, or is no exported folder.
    """
    for path in (folder, _rejected(folder)):
        _recover(path, log)
    _check(folder, overwrite)
    if folder.exists():
        _check(_rejected(folder), overwrite=True)
    partial = temporary(folder)
    partial.mkdir()
    try:
        yield Replacement(partial, folder, overwrite)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_exported(folder: Path) -> bool:
    """Did `mmkeras export` write a folder, of this or an older version? Its contract may be damaged: then by its proof.

    Other programs write files called signature.json, too.
    """
    if not (folder / SIGNATURE).is_file():  # absent, or a pipe, which would be waited for
        return False
    try:
        signature = json.loads((folder / SIGNATURE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        signature = None
    return (isinstance(signature, dict) and "artefacts" in signature) or (folder / PROOF).is_file()


def _rejected(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.rejected")


def _check(folder: Path, overwrite: bool) -> None:
    """Raise InputError for what must not be replaced."""
    refuse_special(folder)
    if folder.exists() and not overwrite:
        raise InputError(f"{folder}: it exists already. Replace it with --overwrite, or choose another --output.")
    if folder.exists() and not is_exported(folder):
        raise InputError(
            f"{folder}: it is not an exported folder, so --overwrite leaves it alone. Choose another --output."
        )
    if folder.exists() and folder.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise InputError(f"{folder}: --overwrite would replace the current folder. Start the command in another one.")


def _recover(folder: Path, log: Log) -> None:
    """Restore the folder that was set aside when a process was killed; delete it where the new one has its name."""
    replaced = beside(folder, ".replaced")
    if not os.path.lexists(replaced):
        return
    if replaced.is_symlink() or not is_exported(replaced):
        raise InputError(
            f"{replaced}: it is no exported folder, and one that is replaced would be kept there. Move it."
        )
    if os.path.lexists(folder):
        discard(replaced)
    else:
        replaced.rename(folder)
        log(f"{folder}: an interrupted --overwrite had set it aside; it is back")
