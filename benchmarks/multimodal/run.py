"""One training and its score on a test file, through the commands that a user types."""

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
from mmkeras.metrics.predictions import classification_metrics

Evaluation = dict[str, Any]


@dataclass(frozen=True)
class System:
    """One row of a table: what is trained on what. flags: of train.py, seed and output aside.

    media_root: where paths in `test` begin, if not at its folder.
    """

    name: str
    train: Path
    test: Path
    flags: tuple[str, ...]
    media_root: str | None = None


def python(*arguments: str) -> None:
    """`python …` at the repository's root. Raises RuntimeError with what it said when it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-1500:]}")


def measure(system: System, seed: int, work: Path) -> Evaluation:
    """Train, answer the test file, and say how right the answers are and what the training cost."""
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
        answers = Path(scratch) / "answers.csv"
        asked = ["--media-root", system.media_root] if system.media_root else []
        python("-m", "mmkeras.cli.main", "predict", str(run), str(system.test), "--output", str(answers), *asked)
        said = pd.read_csv(answers, dtype=str, keep_default_na=False)["prediction"]
    target = json.loads((run / "schema.json").read_text(encoding="utf-8"))["target"]
    truth = pd.read_csv(system.test, dtype=str, keep_default_na=False)[target]
    labels = sorted(set(truth) | set(said))
    wanted, given = (pd.Index(labels).get_indexer(pd.Index(column)) for column in (truth, said))
    scored = classification_metrics(wanted, given, labels)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    kept = {key: scored[key] for key in ("accuracy", "macro_f1", "rows")}
    return {**kept, **cost, "epochs": metrics["epochs"], "missing": metrics.get("missing", [])}
