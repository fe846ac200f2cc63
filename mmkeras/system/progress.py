"""Progress of what takes long, with the time left: a live line on a terminal, elsewhere a line every SECONDS."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from mmkeras.system.screen import erase, is_live, notes, show, unchanged_for

Log = Callable[[str], None]

SECONDS: Final = 15.0  # between two lines
SILENT: Final = 10.0  # seconds without a line before `not_silent` speaks
LIVE_SECONDS: Final = 0.1  # between two changes of the live line
SOON: Final = 1.0  # seconds before `not_silent` shows a live line
SURE: Final = 2.0  # seconds of work from which an estimate is made


def silent(line: str) -> None:
    """A log of nothing."""


def named(log: Log, name: str, column: str) -> Log:
    """A log that replaces `name` (of a column, in files and graph) at the start of a line by the column of the CSV."""
    return lambda line: log(f"{column}{line.removeprefix(name)}" if line.startswith(f"{name}:") else line)


def about(seconds: float) -> str:
    """A duration that is estimated, in words: about 40 s, about 12 min, about 3 h 20 min."""
    if seconds < 90:
        step = 1 if seconds < 10 else 5
        return f"about {max(1, round(seconds / step) * step)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min"
    hours, minutes = divmod(round(minutes / 10) * 10, 60)
    return f"about {hours:,} h" + (f" {minutes} min" if minutes and hours < 10 else "")


def left(done: int, total: int, seconds: float) -> str:
    """`, about 40 s left`, by the time that the part that is done has taken; '' where that is too little to tell."""
    if seconds < SURE or not 0 < done < total:
        return ""
    return f", {about(seconds * (total - done) / done)} left"


class Progress:
    """Counts up to `total` and logs the count: `photo: 1,200 of 4,869 images checked, about 40 s left`.

    label: the text around the count.
    """

    def __init__(self, label: tuple[str, str], total: int, log: Log) -> None:
        self.label, self.total, self.log = label, total, notes(log)
        self.done, self.live = 0, is_live()
        self.began = self.last_line = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.began

    def advance(self, count: int) -> None:
        """Add `count` to the cells that are done."""
        self.reach(self.done + count)

    def reach(self, done: int) -> None:
        """Set the number of cells that are done."""
        self.done = done
        now = time.perf_counter()
        if now - self.last_line < (LIVE_SECONDS if self.live else SECONDS):
            return
        self.last_line = now
        line = f"{self.label[0]}{self.done:,} of {self.total:,}{self.label[1]}"
        line += left(self.done, self.total, now - self.began)
        show(line) if self.live else self.log(line)

    def end(self) -> None:
        """Erase the live line."""
        erase()


@contextlib.contextmanager
def not_silent(log: Log, doing: str, estimate: float | None = None) -> Iterator[Log]:
    """Log `still <doing>, 10 s so far` while the block takes long: after SILENT seconds, then at twice that time, …

    On a terminal, a live line counts the seconds. estimate: of the block, in seconds; lines then say what is left.
    Gives a log for the block: a line of it breaks the silence.
    """
    live, log = is_live(), notes(log)
    began, done = time.perf_counter(), threading.Event()
    spoken = began
    speaking = threading.Lock()

    def so_far() -> str:
        seconds = time.perf_counter() - began
        rest = (estimate or 0.0) - seconds
        return f"{doing}, {seconds:.0f} s so far" + (f", {about(rest)} left" if rest > 0 else "")

    def heard(line: str) -> None:
        nonlocal spoken
        with speaking:
            spoken = time.perf_counter()
            erase()
            log(line)

    def watch() -> None:
        wait = SILENT
        while not done.wait(wait):
            silence = time.perf_counter() - spoken
            if silence < wait:
                continue
            with speaking:
                log(f"still {so_far()}")
            wait = time.perf_counter() - began  # until twice the time so far

    def watch_live() -> None:
        while not done.wait(SOON):
            # a count of what is done, shown by the block itself, says more
            if min(time.perf_counter() - spoken, unchanged_for()) >= SOON - LIVE_SECONDS:
                with speaking:
                    show(so_far())
        erase()

    thread = threading.Thread(target=watch_live if live else watch, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        done.set()
        thread.join()


def busy(doing: str) -> contextlib.AbstractContextManager[Log]:
    """`not_silent` on standard error: the output may be a program's input."""
    return not_silent(lambda line: print(line, file=sys.stderr), doing)


def opening(path: str) -> contextlib.AbstractContextManager[Log]:
    """`busy` while a model is opened."""
    return busy(f"opening {path}")
