"""Work on the cells of a column in processes that may die of it: decoders are C code, and files come from anywhere.

Plain subprocesses that answer in pickles, rather than `multiprocessing`: nothing of the caller's own script is run
again in them (a notebook, a script without `if __name__ == "__main__"`), no process is forked that has TensorFlow's
threads, and one that dies takes no other along, so that it is known which cells it was at.
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

Work = Callable[[int, Sequence[str]], list[Any]]
"""(number of the first cell, some cells in a row) -> something for each cell, never None; picklable."""

START: Final = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); import mmkeras.system.workers as w; w.serve()"
)
ONE_THREAD: Final = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # processes are enough


class ProcessDied(Exception):
    """A process has ended before it has answered."""


def cpu_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Up to `count` processes, each started when there is work for it; 0: the work is done in this process.

    Used in a `with` block, at whose end the processes end.
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
        """Yield (number of the first cell, something for each cell of a chunk), in any order.

        A cell at which a process dies twice, the second time alone in a fresh one, has None. Each process has one
        chunk at a time: what waits in memory does not grow with the number of cells.
        """
        starts = range(0, len(cells), chunk)
        if not self.count:
            for first in starts:
                yield first, work(first, cells[first : first + chunk])
            return
        waiting = collections.deque(starts)
        answers: queue.SimpleQueue[tuple[int, list[Any]] | BaseException] = queue.SimpleQueue()

        def attend(slot: int) -> None:
            try:
                while (first := _next(waiting)) is not None:
                    answers.put((first, self._do(slot, work, first, cells[first : first + chunk])))
            except BaseException as error:  # shown by the thread that asked
                answers.put(error)

        for slot in range(min(self.count, len(starts))):
            threading.Thread(target=attend, args=(slot,), daemon=True).start()
        try:
            for _ in starts:
                answer = answers.get()
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            waiting.clear()

    def _do(self, slot: int, work: Work, first: int, cells: Sequence[str]) -> list[Any]:
        """Something for each cell; when the process dies, its cells are tried again, one by one."""
        try:
            return self._process(slot).do(work, first, cells)
        except ProcessDied:
            self._drop(slot)
        return [self._do_alone(slot, work, first + k, cell) for k, cell in enumerate(cells)]

    def _do_alone(self, slot: int, work: Work, number: int, cell: str) -> Any:
        for _ in range(2):  # the first process may have had other cells before
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
            if self.closed:  # while it started
                process.end()
        return process

    def _drop(self, slot: int) -> None:
        process, self._processes[slot] = self._processes[slot], None
        if process is not None:
            process.end()


def _next(waiting: collections.deque[int]) -> int | None:
    """The next of what waits; None when there is no more. Several threads may ask."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


class _Process:
    """One process, as the thread that gives it work sees it."""

    def __init__(self) -> None:
        # -P: no module of the current folder is taken for one of Python's own
        self._popen = subprocess.Popen(
            [sys.executable, "-P", "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
        )
        try:
            self._ask([os.path.abspath(folder) for folder in sys.path])
        except ProcessDied:
            self.end()
            raise RuntimeError("a process for reading files did not start; what it said stands above.") from None

    def do(self, work: Work, first: int, cells: Sequence[str]) -> list[Any]:
        """What `work` returns. Raises ProcessDied, and RuntimeError with the traceback of what `work` raises."""
        done, answer = self._ask(pickle.dumps((work, first, list(cells))))
        if not done:
            raise RuntimeError(f"in a process for reading files:\n{answer}")
        return answer

    def _ask(self, question: Any) -> Any:
        assert self._popen.stdin
        assert self._popen.stdout
        try:
            pickle.dump(question, self._popen.stdin)
            self._popen.stdin.flush()
            return pickle.load(self._popen.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # ValueError: ended by another thread
            raise ProcessDied from None

    def end(self) -> None:
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # of what was not sent any more
                    pipe.close()


def serve() -> None:
    """What a process does: answer, until questions end, (True, what the work returned) or (False, its traceback)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one, which ends it
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")  # when Linux runs out of memory, it is this process that has to go, not the training
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for noise in (1, 2):  # decoders print what they think of a file
        os.dup2(nowhere, noise)
    _answer(answers, (True, "started"))
    while True:
        try:
            question = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            work, first, cells = pickle.loads(question)
            answer = True, work(first, cells)
        except Exception:
            answer = False, traceback.format_exc()
        _answer(answers, answer)


def _answer(answers: Any, answer: tuple[bool, Any]) -> None:
    pickle.dump(answer, answers)
    answers.flush()
