"""Names beside a file or folder, of one process alone, and what is left of them after that process is killed."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import Final

LONGEST_NAME: Final = 160  # bytes; file systems allow 255, and the endings below need some of them
MARK: Final = r"\.\d+-[0-9a-f]{8}\.(partial|trash)(\.[^.]*)?"
"""The end of a temporary name: process, random number, what it is, and the suffix that some writers ask for."""


def beside(path: Path, ending: str) -> Path:
    """A hidden path in the same folder: runs/news -> runs/.news<ending>."""
    if path.name in ("", ".."):  # as in `--output .`
        path = path.resolve()
    name = path.name
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = f"{name[:24]}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return path.with_name(f".{name}{ending}")


def temporary(path: Path, what: str = "partial", suffix: str = "") -> Path:
    """A path beside `path` that no other process uses. what: `partial`, being written; `trash`, being deleted."""
    return beside(path, f".{os.getpid()}-{secrets.token_hex(4)}.{what}{suffix}")


def discard(folder: Path) -> None:
    """Delete a folder. It loses its name first: killed in the middle, half a folder must not look like a whole one."""
    trash = temporary(folder, "trash")
    folder.rename(trash)
    shutil.rmtree(trash, ignore_errors=True)


def sweep(path: Path) -> None:
    """Delete what killed processes left beside `path`. The caller holds the lock of `path`, so no one uses it."""
    start = beside(path, "")
    _delete(start.parent, re.compile(re.escape(start.name) + MARK))


def sweep_inside(folder: Path) -> None:
    """Delete what killed processes left inside a folder. The caller holds the lock of `folder`."""
    pattern = re.compile(r"\..+" + MARK)
    for parent, folders, _ in os.walk(folder):
        _delete(Path(parent), pattern)
        folders[:] = [name for name in folders if not pattern.fullmatch(name)]


def _delete(folder: Path, pattern: re.Pattern[str]) -> None:
    with os.scandir(folder) as entries:
        found = [entry for entry in entries if pattern.fullmatch(entry.name)]
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            Path(entry.path).unlink(missing_ok=True)
