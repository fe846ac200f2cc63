"""A clean process for one artefact, without Keras: its start, its peak memory, and its error message."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


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


def in_own_process(module: str, arguments: Sequence[str | Path], out: Path, seconds: float | None = None) -> None:
    """Run `python -m module arguments… out`, which writes `out`.

    seconds: of the process at most; None: no limit. Raises RuntimeError with the last line of its stderr when it fails.
    """
    command = [sys.executable, "-m", module, *map(str, arguments), str(out)]
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment["NVIDIA_TF32_OVERRIDE"] = "0"  # a GPU rounds float32 products to 10 bits if it may
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it did not end within {seconds:g} seconds") from None
    if done.returncode or not out.exists():
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(lines[-1] if lines else f"the process ended with code {done.returncode}")
