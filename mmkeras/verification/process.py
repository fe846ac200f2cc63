"""A clean process for one artefact, without Keras: its start, its progress, its peak memory, and its error message."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Final

from mmkeras.system import noise

Listener = Callable[[int, int], None]
"""Called with the number of answers that a process has computed, and with how many it will."""

PIPE: Final = "MMKERAS_PROGRESS"  # the variable that names the descriptor to report progress to
OFTEN: Final = 0.1  # seconds between two reports
listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def peak_memory_mib() -> float:
    """The process's largest resident memory. (ru_maxrss also counts the parent's, from before this program began.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def block_keras() -> None:
    """Make every import of Keras, keras-hub and SentencePiece fail from now on: a client installs none of them."""
    for name in ("keras", "tf_keras", "keras_hub", "sentencepiece"):
        sys.modules[name] = None  # type: ignore[assignment]


@contextlib.contextmanager
def heard_by(listen: Listener) -> Iterator[None]:
    """The processes of the block report their progress to a listener."""
    token = listener.set(listen)
    try:
        yield
    finally:
        listener.reset(token)


class Report:
    """What a clean process tells its parent, if that listens. total: the number of answers that it will compute."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.last = total, 0, 0.0
        self.descriptor = int(os.environ.get(PIPE, -1))

    def advance(self, count: int) -> None:
        """Add to the answers that are computed."""
        self.done += count
        now = time.perf_counter()
        if self.descriptor >= 0 and now - self.last >= OFTEN:
            self.last = now
            os.write(self.descriptor, f"{min(self.done, self.total)} {self.total}\n".encode())


@contextlib.contextmanager
def _listening() -> Iterator[dict[str, int]]:
    """The variables of a process whose progress a thread listens to."""
    listen = listener.get()
    if listen is None:
        yield {}
        return
    reading, writing = os.pipe()

    def read() -> None:
        with open(reading, encoding="ascii") as lines:
            for line in lines:
                done, _, total = line.partition(" ")
                listen(int(done), int(total))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield {PIPE: writing}
    finally:
        os.close(writing)  # the thread reads the end, the process being gone
        thread.join()


def in_own_process(module: str, arguments: Sequence[str | Path], out: Path, seconds: float | None = None) -> None:
    """Run `python -m module arguments… out`, which writes `out`.

    seconds: of the process at most; None: no limit. Raises RuntimeError with the last line of its stderr when it fails.
    """
    command = [sys.executable, "-m", module, *map(str, arguments), str(out)]
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment["NVIDIA_TF32_OVERRIDE"] = "0"  # a GPU rounds float32 products to 10 bits if it may
    options = {"capture_output": True, "text": True, "check": False, "timeout": seconds}
    try:
        with _listening() as pipe:
            environment |= {name: str(descriptor) for name, descriptor in pipe.items()}
            done = subprocess.run(command, env=environment, pass_fds=[*pipe.values()], **options)  # type: ignore[call-overload]
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it did not end within {seconds:g} seconds") from None
    if noise.is_wanted():
        sys.stderr.write(done.stderr)
    if done.returncode or not out.exists():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(lines[-1] if lines else f"the process ended with code {done.returncode}")
