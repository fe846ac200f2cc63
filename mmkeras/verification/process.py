"""A clean process for one artefact: started, without Keras, measured, and its last words where it fails."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SAMPLES = "sample_inputs.npz"


def peak_memory_mib() -> float:
    """The process's largest resident memory. (ru_maxrss counts the parent's too, from before this program began.)"""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def block_keras() -> None:
    """Make every import of Keras, and of tokenizers that need it, fail from now on: a deployed artefact has neither."""
    for name in ("keras", "tf_keras", "keras_hub", "sentencepiece"):
        sys.modules[name] = None  # type: ignore[assignment]


def in_own_process(module: str, arguments: Sequence[str | Path], out: Path) -> None:
    """`python -m module arguments… out`, which writes `out`. Raises RuntimeError with its last words when it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments), str(out)]
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment["NVIDIA_TF32_OVERRIDE"] = "0"  # a GPU rounds float32 products to 10 bits if it may
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not out.exists():
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(words[-1] if words else f"the process ended with code {done.returncode}")
