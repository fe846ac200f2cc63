"""The screen of a command: notes, which `-q` hides with the progress, and one live line at the end of a terminal."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator

Log = Callable[[str], None]

_quiet = False
_shown = False  # is a live line on the terminal?
_changed = 0.0  # when it changed


def is_quiet() -> bool:
    """Has the command the flag -q?"""
    return _quiet


@contextlib.contextmanager
def quieted(on: bool = True) -> Iterator[None]:
    """Hide notes and progress inside the block, if `on`; results, warnings on standard error and errors stay."""
    global _quiet
    before, _quiet = _quiet, on
    try:
        yield
    finally:
        _quiet = before


def notes(log: Log) -> Log:
    """The log for lines that are no result: what was guessed, cut or left out, and the next command. Silent with -q."""
    return _silent if _quiet else log


def _silent(line: str) -> None:
    pass


def is_live() -> bool:
    """May a line change in place: is standard output a terminal, and the command not quiet?"""
    return not _quiet and sys.stdout.isatty()


def show(text: str) -> None:
    """Show the live line in place of the one before, cut where the terminal ends. Any other line is printed over it."""
    global _shown, _changed
    _shown, _changed = True, time.perf_counter()
    print(f"\r{text[: shutil.get_terminal_size().columns - 1]}", end="\x1b[K\r", flush=True)


def unchanged_for() -> float:
    """Seconds since the live line has changed."""
    return time.perf_counter() - _changed


def erase() -> None:
    """Erase the live line, if there is one."""
    global _shown
    if _shown:
        _shown = False
        print("\r", end="\x1b[K", flush=True)
