"""Measured processes: the cost of each, and one environment for all."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from benchmarks.harness.client import REPLY

LAUNCHER = Path(__file__).with_name("launch.py")


class StepFailed(RuntimeError):
    """A measured process ended badly. The message: exit code and last line printed; the command; the end of its log."""


@dataclass(frozen=True)
class Cost:
    """The cost of one whole process: seconds of wall clock and of processor, memory peak in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float

    def as_json(self) -> dict[str, float]:
        """The three figures, rounded to three digits."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def same_threads(threads: int) -> dict[str, str]:
    """The variables that give every system the same number of threads, no GPU and the same hash order."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    tensorflow = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names + tensorflow, count) | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONHASHSEED": "0",
    }


def environment(variables: dict[str, str]) -> dict[str, str]:
    """This process's environment and `variables`. Compiled modules are kept: those of installed packages are there."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | variables


def run_process(command: Sequence[str | Path], log: Path, root: Path, variables: dict[str, str]) -> Cost:
    """Run one whole process from the folder `root` and return its cost.

    log: the file of its output.
    variables: added to the environment (`same_threads`).
    Raises StepFailed if it ends with any code but 0.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    figures = log.with_suffix(".cost.json")
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(figures), str(log)]
    done = subprocess.run(
        launcher + words, cwd=root, env=environment(variables), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:  # the command could not even be started
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StepFailed(f"could not be started: {reason}\n    from: {' '.join(words)}")
    cost = json.loads(figures.read_text(encoding="utf-8"))
    code = cost.pop("exit_code")
    if code != 0:
        raise StepFailed(failure(code, words, log))
    return Cost(**cost)


class Server:
    """A client process that stays loaded and times documents when asked (`benchmarks.harness.client.serve`)."""

    def __init__(self, command: Sequence[str | Path], log: Path, root: Path, variables: dict[str, str]) -> None:
        """Start the process and wait until it is warm. Raises StepFailed if it ends before that."""
        self.words = [str(word) for word in command]
        self.log = log
        with log.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                self.words,
                cwd=root,
                env=environment(variables),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.reply()

    def ask(self, start: int, stop: int) -> list[float]:
        """Microseconds of each of the documents [start, stop). Raises StepFailed when the process has ended."""
        with contextlib.suppress(BrokenPipeError):  # then `reply` raises with the reason
            self.pipe(self.process.stdin).write(f"{start} {stop}\n")
            self.pipe(self.process.stdin).flush()
        return self.reply()

    def reply(self) -> list[float]:
        """The next line of times. Raises StepFailed when the process has ended instead."""
        for line in self.pipe(self.process.stdout):
            if line.startswith(REPLY):
                times: list[float] = json.loads(line.removeprefix(REPLY))
                return times
        self.close()
        raise StepFailed(failure(self.process.returncode, self.words, self.log))

    def close(self) -> None:
        """End the process by ending its input, and wait until it is gone."""
        with contextlib.suppress(BrokenPipeError):
            self.pipe(self.process.stdin).close()
        self.pipe(self.process.stdout).close()
        self.process.wait()

    @staticmethod
    def pipe(stream: IO[str] | None) -> IO[str]:
        """A stream that Popen was asked to open."""
        if stream is None:
            raise RuntimeError("the process was started without pipes")
        return stream


def failure(code: int, words: Sequence[str], log: Path) -> str:
    """The message for a process that failed: exit code, last line, command, end of its log."""
    end = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:] or ["(no output)"]
    return "\n    ".join([f"code {code}: {end[-1]}", f"from: {' '.join(words)}", f"in {log}:", *end])


def size_mb(files: Sequence[Path]) -> float:
    """Size of these files together in MB (10⁶ bytes)."""
    return sum(file.stat().st_size for file in files) / 1e6
