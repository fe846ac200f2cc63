"""One training and its score on a test file, through the commands of a user."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import ROOT
from benchmarks.harness.measure import LAUNCHER
from benchmarks.harness.scores import accuracy, macro_f1, read_predictions

Evaluation = dict[str, Any]


@dataclass(frozen=True)
class System:
    """One row of a table. train, test: CSVs. flags: of train.py, without seed and output.

    media_root: the folder of relative media paths in `test`, if it is not the folder of `test`.
    """

    name: str
    train: Path
    test: Path
    flags: tuple[str, ...]
    media_root: str | None = None


def python(*arguments: str) -> None:
    """`python …` at the repository's root. Raises RuntimeError with the end of its output if it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-1500:]}")


def measure(system: System, seed: int, work: Path) -> Evaluation:
    """Train, predict the test file; return the scores, and the cost of the training."""
    run = work / f"{system.name.replace(' ', '_').replace(',', '')}-{seed}"
    with tempfile.TemporaryDirectory() as scratch:
        figures, log = Path(scratch) / "figures.json", Path(scratch) / "log"
        command = [sys.executable, "train.py", str(system.train), *system.flags]
        command += ["--seed", str(seed), "--output", str(run), "--overwrite"]
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(figures), str(log)]
        subprocess.run([*launcher, *command], cwd=ROOT, check=True)
        cost = json.loads(figures.read_text(encoding="utf-8"))
        if cost["exit_code"]:
            raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])
        predictions = Path(scratch) / "predictions.csv"
        media = ["--media-root", system.media_root] if system.media_root else []
        python("-m", "mmkeras.cli.main", "predict", str(run), str(system.test), "--output", str(predictions), *media)
        predicted = read_predictions(predictions)
    target = json.loads((run / "schema.json").read_text(encoding="utf-8"))["target"]
    truth = pd.read_csv(system.test, dtype=str, keep_default_na=False)[target].tolist()
    scores = {"accuracy": accuracy(truth, predicted), "macro_f1": macro_f1(truth, predicted), "rows": len(truth)}
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {**scores, **cost, "epochs": metrics["epochs"], "missing": metrics.get("missing", [])}
