"""How far a long pass over the cells is: a live line on a terminal, elsewhere a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

Log = Callable[[str], None]

SECONDS: Final = 15.0  # between two lines
LIVE_SECONDS: Final = 0.1  # between two changes of the live line


def named(log: Callable[[str], None], name: str, column: str) -> Callable[[str], None]:
    """Say what is said of `name`, as files or the graph have it, by the CSV's name of the column."""
    return lambda line: log(f"{column}{line.removeprefix(name)}" if line.startswith(f"{name}:") else line)


class Progress:
    """Counts up to `total` and says so: `photo: 1,200 of 4,869 images checked`. doing: the text before and after."""

    def __init__(self, doing: tuple[str, str], total: int, log: Callable[[str], None]) -> None:
        self.doing, self.total, self.log = doing, total, log
        self.done, self.live = 0, sys.stdout.isatty()
        self.began = self.said = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.perf_counter() - self.began

    def advance(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        now = time.perf_counter()
        if now - self.said < (LIVE_SECONDS if self.live else SECONDS):
            return
        self.said = now
        line = f"{self.doing[0]}{self.done:,} of {self.total:,}{self.doing[1]}"
        if self.live:
            print(f"\r{line}", end="\x1b[K\r", flush=True)
        else:
            self.log(line)

    def end(self) -> None:
        """The live line goes."""
        if self.live:
            print("\r", end="\x1b[K", flush=True)
