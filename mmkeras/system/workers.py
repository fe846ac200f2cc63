"""Processes that work on the cells of a column and may crash: decoders are C code, and files come from anywhere.

Plain subprocesses that exchange pickles, rather than `multiprocessing`: they never rerun the script of the caller (a
notebook, a script without `if __name__ == "__main__"`), no process with TensorFlow's threads is forked, and a process
that dies takes no other along, so that its cells are known.
"""

from __future__ import annotations

import collections
import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from mmkeras.system.interrupts import children

Work = Callable[[int, Sequence[str]], list[Any]]
"""(index of the first cell, consecutive cells) -> a result for each cell, never None; picklable."""

START: Final = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); import mmkeras.system.workers as w; w.serve()"
)
ONE_THREAD: Final = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # processes are enough


class ProcessDied(Exception):
    """A process ended before it sent its result."""


def cpu_count() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Up to `count` processes, started on demand; 0: the work is done in this process.

    A context manager; the processes end with its block.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.closed = False
        self._processes: list[_Process | None] = [None] * count

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True
        for slot in range(self.count):
            self._drop(slot)

    def map(self, work: Work, cells: Sequence[str], chunk: int) -> Iterator[tuple[int, list[Any]]]:
        """Yield (index of the first cell, a result for each cell of the chunk), in any order.

        The result is None for a cell at which a process dies twice, the second time as the only cell of a fresh
        process. Each process holds one chunk at a time, so that memory does not grow with the number of cells.
        """
        starts = range(0, len(cells), chunk)
        if not self.count:
            for first in starts:
                yield first, work(first, cells[first : first + chunk])
            return
        waiting = collections.deque(starts)
        results: queue.SimpleQueue[tuple[int, list[Any]] | BaseException] = queue.SimpleQueue()

        def run_slot(slot: int) -> None:
            try:
                while (first := _next(waiting)) is not None:
                    results.put((first, self._do(slot, work, first, cells[first : first + chunk])))
            except BaseException as error:  # raised again in the thread of the caller
                results.put(error)

        for slot in range(min(self.count, len(starts))):
            threading.Thread(target=run_slot, args=(slot,), daemon=True).start()
        try:
            for _ in starts:
                result = results.get()
                if isinstance(result, BaseException):
                    raise result
                yield result
        finally:
            waiting.clear()

    def _do(self, slot: int, work: Work, first: int, cells: Sequence[str]) -> list[Any]:
        """A result for each cell; when the process dies, the cells are tried again, one by one."""
        try:
            return self._process(slot).do(work, first, cells)
        except ProcessDied:
            self._drop(slot)
        return [self._do_alone(slot, work, first + k, cell) for k, cell in enumerate(cells)]

    def _do_alone(self, slot: int, work: Work, number: int, cell: str) -> Any:
        for _ in range(2):  # the first process may have worked on other cells before
            try:
                return self._process(slot).do(work, number, [cell])[0]
            except ProcessDied:
                self._drop(slot)
        return None

    def _process(self, slot: int) -> _Process:
        process = self._processes[slot]
        if process is None:
            if self.closed:
                raise RuntimeError("these workers are closed.")
            process = self._processes[slot] = _Process()
            if self.closed:  # closed while the process started
                process.end()
        return process

    def _drop(self, slot: int) -> None:
        process, self._processes[slot] = self._processes[slot], None
        if process is not None:
            process.end()


def _next(waiting: collections.deque[int]) -> int | None:
    """The next waiting chunk; None when none is left. Thread-safe."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


class _Process:
    """One process, used by one thread."""

    def __init__(self) -> None:
        # -P: a module in the current folder must not shadow one of the standard library
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        children.add(self._popen)
        try:
            self._request([os.path.abspath(folder) for folder in sys.path])
        except ProcessDied:
            self.end()
            raise RuntimeError("a process for reading files did not start; its messages are above.") from None

    def do(self, work: Work, first: int, cells: Sequence[str]) -> list[Any]:
        """The results of `work`. Raises ProcessDied, or RuntimeError with the traceback of an exception in `work`."""
        succeeded, result = self._request(pickle.dumps((work, first, list(cells))))
        if not succeeded:
            raise RuntimeError(f"in a process for reading files:\n{result}")
        return result

    def _request(self, request: Any) -> Any:
        assert self._popen.stdin
        assert self._popen.stdout
        try:
            pickle.dump(request, self._popen.stdin)
            self._popen.stdin.flush()
            return pickle.load(self._popen.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # ValueError: another thread ended the process
            raise ProcessDied from None

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # bytes that were not sent
                    pipe.close()


def serve() -> None:
    """Main loop of a process: reply to each request with (True, results) or (False, traceback) until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent process, which ends this one
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # when memory runs out, Linux shall kill this process, not the training
    replies = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):  # decoders print warnings about a file
        os.dup2(null, descriptor)
    _reply(replies, (True, "started"))
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            work, first, cells = pickle.loads(request)
            reply = True, work(first, cells)
        except Exception:
            reply = False, traceback.format_exc()
        _reply(replies, reply)


def _reply(replies: Any, reply: tuple[bool, Any]) -> None:
    pickle.dump(reply, replies)
    replies.flush()
