"""Work for `mmkeras.system.workers` that prints, fails or kills its process. Processes import this file, so it imports little."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.modalities.media import work as media_work
from mmkeras.modalities.media.paths import MediaRoot


def crash(kind: str, spec: Any, root: MediaRoot, folder: Path, first: int, cells: Sequence[str]) -> list[str]:
    """Work, in place of fill_rows: some cells kill the process; one does when it is not the first of its process."""
    for cell in cells:
        if cell == "2.png" or (cell == "3.png" and len(cells) > 1):
            os.kill(os.getpid(), signal.SIGSEGV)
    return media_work.fill_rows(kind, spec, root, folder, first, cells)


def noisy(first: int, cells: Sequence[str]) -> list[str]:
    """Work that prints, as decoders do, and says what it has loaded."""
    print("noise")
    os.write(1, b"noise\n")
    os.write(2, b"noise\n")
    return [
        ",".join(sorted(name for name in ("tensorflow", "keras", "pandas") if name in sys.modules)) or "none"
    ] * len(cells)


def wrong(first: int, cells: Sequence[str]) -> list[str]:
    raise KeyError(cells[0])
