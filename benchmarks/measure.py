"""Measured processes: what each cost, and one environment for all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


class StepFailed(RuntimeError):
    """A measured process ended badly. The message: exit code and last line printed; the command; the end of its log."""


@dataclass(frozen=True)
class Cost:
    """What one whole process cost: seconds of wall clock and of processor, and its memory peak in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float

    def as_json(self) -> dict[str, float]:
        """The three figures, rounded to what they are worth."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def same_threads(threads: int) -> dict[str, str]:
    """The variables that give every system the same number of threads, no GPU and the same hash order."""
    count = str(threads)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    tensorflow = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return {name: count for name in names + tensorflow} | {
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONHASHSEED": "0",
    }


def run_process(command: Sequence[str | Path], log: Path, root: Path, variables: dict[str, str]) -> Cost:
    """Run one whole process from the folder `root` and return what it cost.

    log: the file that gets its output.
    variables: added to the environment (`same_threads`).
    Raises StepFailed when it ends with any code but 0.
    """
    words = [str(word) for word in command]
    log.parent.mkdir(parents=True, exist_ok=True)
    figures = log.with_suffix(".cost.json")
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(figures), str(log)]
    done = subprocess.run(
        launcher + words, cwd=root, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:  # the command could not even be started
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StepFailed(f"could not be started: {reason}\n    from: {' '.join(words)}")
    cost = json.loads(figures.read_text(encoding="utf-8"))
    code = cost.pop("exit_code")
    if code != 0:
        end = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-8:] or ["(no output)"]
        raise StepFailed("\n    ".join([f"code {code}: {end[-1]}", f"from: {' '.join(words)}", f"in {log}:", *end]))
    return Cost(**cost)


def size_mb(files: Sequence[Path]) -> float:
    """Size of these files together in MB (10⁶ bytes)."""
    return sum(file.stat().st_size for file in files) / 1e6
