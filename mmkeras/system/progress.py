"""Progress of a long pass over the cells: a live line on a terminal, elsewhere a line every SECONDS."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

Log = Callable[[str], None]

SECONDS: Final = 15.0  # between two lines
SILENT: Final = 10.0  # seconds without a line before `not_silent` speaks
LIVE_SECONDS: Final = 0.1  # between two changes of the live line


def named(log: Log, name: str, column: str) -> Log:
    """A log that replaces `name` (of a column, in files and graph) at the start of a line by the column of the CSV."""
    return lambda line: log(f"{column}{line.removeprefix(name)}" if line.startswith(f"{name}:") else line)


class Progress:
    """Counts up to `total` and logs the count: `photo: 1,200 of 4,869 images checked`. label: the text around it."""

    def __init__(self, label: tuple[str, str], total: int, log: Log) -> None:
        self.label, self.total, self.log = label, total, log
        self.done, self.live = 0, sys.stdout.isatty()
        self.began = self.last_line = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    def advance(self, count: int) -> None:
        """Add `count` to the cells that are done."""
        self.done += count
        now = time.perf_counter()
        if now - self.last_line < (LIVE_SECONDS if self.live else SECONDS):
            return
        self.last_line = now
        line = f"{self.label[0]}{self.done:,} of {self.total:,}{self.label[1]}"
        if self.live:
            print(f"\r{line}", end="\x1b[K\r", flush=True)
        else:
            self.log(line)

    def end(self) -> None:
        """Erase the live line."""
        if self.live:
            print("\r", end="\x1b[K", flush=True)


@contextlib.contextmanager
def not_silent(log: Log, doing: str) -> Iterator[None]:
    """Log `still <doing>, 10 s so far` while the block takes long: after SILENT seconds, then at twice that time, …"""
    began, done = time.perf_counter(), threading.Event()

    def watch() -> None:
        wait = SILENT
        while not done.wait(wait):
            wait = time.perf_counter() - began  # until twice the time so far
            log(f"still {doing}, {wait:.0f} s so far")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
