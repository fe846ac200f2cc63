"""A path that is read from data stays inside its folder: nobody outside is read, renamed or deleted by it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mmkeras.errors import InputError

FILE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
"""A name that data may give to a file of ours: of an input, as `graph.input_names` makes them."""


def contained(folder: Path, place: Any, source: str | Path) -> Path:
    """The path `place` in a folder, both as they are written; the folder itself is no such path.

    place: a relative path with `/`, read from a file. source: that file, for the message.
    Raises InputError for a value that is no string, an absolute path, or one that leaves the folder.
    """
    parts = PurePosixPath(place).parts if isinstance(place, str) else ()
    leaves = not parts or ".." in parts or place.startswith("/") or any(sign in place for sign in "\\:\0")
    if leaves:
        raise InputError(
            f"{source}: it names the path {place!r}; expected a path inside {folder}. Nothing outside it is touched."
        )
    return folder.joinpath(*parts)


def can_be_changed(folder: Path, path: Path) -> bool:
    """May a path in a folder be renamed or deleted: does no symbolic link on its way lead out of the folder?

    A link at the end of the path is itself renamed, and its target left as it is.
    """
    return path.parent.resolve().is_relative_to(folder.resolve())


def check_plain(path: Path) -> None:
    """Raise InputError where a path that is read is, or holds, something else than plain files and folders.

    To open a pipe waits until somebody writes into it, and a device may have no end. What links lead to counts; a link
    to nothing is absent.
    """
    inside = (Path(parent) / name for parent, _, files in os.walk(path) for name in files)
    for place in (path, *inside):
        try:
            mode = place.stat().st_mode
        except OSError:  # absent, or not to be read: whoever opens it says so
            continue
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise InputError(f"{place}: expected a plain file, received a pipe, a socket or a device; it is not read.")


def is_file_name(name: Any) -> bool:
    """Is a value read from data a name that files of ours may have: ASCII letters, digits and _, a letter first?"""
    return isinstance(name, str) and bool(FILE_NAME.fullmatch(name))
