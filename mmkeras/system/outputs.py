"""What a command may write over: plain files and folders, never a device, a pipe, a socket or a symbolic link."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from mmkeras.errors import InputError
from mmkeras.system.locks import locked

STDOUT: Final = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")  # values of --output that mean standard output
SPECIAL: Final[tuple[tuple[Callable[[int], bool], str], ...]] = (
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)


def refuse_special(path: Path) -> None:
    """Raise InputError where a path exists and is neither a plain file nor a folder.

    A rename would put a file in the place of a device or a link, and a write would go through a link to a file that
    nobody named. Links among the folders above are fine.
    """
    try:
        mode = path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if stat.S_ISLNK(mode):
        raise InputError(
            f"{path}: it is a symbolic link (to {os.readlink(path)}), and a link is neither replaced nor written "
            "through. Name what it leads to, or choose another --output."
        )
    for is_kind, name in SPECIAL:
        if is_kind(mode):
            raise InputError(
                f"{path}: expected a name for a plain file or a folder, received {name}, which is never replaced. "
                "Choose another --output."
            )


def refuse_links_inside(folder: Path) -> None:
    """Raise InputError where a folder that is written into again has a link, a device or a pipe anywhere inside."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            refuse_special(Path(parent) / name)


def check_output(output: Path, overwrite: bool) -> None:
    """Raise InputError for a file that cannot be written, or that exists and is not to be overwritten."""
    refuse_special(output)
    if output.is_dir():
        raise InputError(f"{output}: expected the name of a file to write, received a folder. Choose another --output.")
    if output.exists() and not overwrite:
        raise InputError(f"{output}: it exists already. Replace it with --overwrite, or choose another --output.")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} is not there. Make it, or choose another --output.")
    try:  # now, not after all rows are predicted
        with tempfile.TemporaryFile(dir=output.parent):
            pass
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{output}: no file can be written there ({reason}). Choose another --output.") from None


@contextlib.contextmanager
def output_file(name: str, overwrite: bool, inputs: Sequence[str | Path] = ()) -> Iterator[Path | TextIO]:
    """The file that a command writes at its end, checked and locked at its start. inputs: files that it reads.

    name: `-` or /dev/stdout for standard output: a stream in UTF-8 is given, and all that the block prints goes to
    standard error. Raises InputError as `check_output` and `locked` do, and where the file is one of the inputs.
    """
    if name in STDOUT:
        with _standard_output() as stream, contextlib.redirect_stdout(sys.stderr):
            yield stream
        return
    path = Path(name)
    check_output(path, overwrite)
    for place in inputs:
        if path.exists() and Path(place).exists() and path.samefile(place):
            raise InputError(f"{path}: this command reads it, so --overwrite leaves it alone. Choose another --output.")
    with locked(path):
        yield path


def name_of(output: str | Path | TextIO) -> str:
    """An output in words."""
    return f"{output}" if isinstance(output, str | Path) else "standard output"


@contextlib.contextmanager
def _standard_output() -> Iterator[TextIO]:
    """Standard output as UTF-8, whatever the terminal's encoding is, with line ends as they are written."""
    try:
        number = os.dup(sys.stdout.fileno())
    except (OSError, io.UnsupportedOperation):  # a notebook's, or a test's
        yield sys.stdout
        return
    sys.stdout.flush()
    with open(number, "w", encoding="utf-8", newline="") as stream:
        yield stream
