"""Easy tables, whose held-out rows are all answered rightly, or nearly all: are they exported, and are errors unsure?

    python -m benchmarks.easy_tables                                # some 20 minutes on two cores
    python -m benchmarks.easy_tables --tables iris dates --seed 2 --checkout ../before

Each table is trained and exported with default flags, by the checkout's own commands, and asked about new rows, which
no training has seen. Printed for each: accuracy on held-out and on new rows, the temperature, the mean probability of
right and of wrong answers on new rows and the largest of a wrong one, the largest difference of each format, and
whether all formats were verified. Ends with code 1 when an artefact is rejected, or a wrong answer has probability 1.

Iris, wine, breast cancer and digits come with scikit-learn; the others are generated. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.easy_tables.tables import TABLES, Row, write_tables

# run by the checkout's own code; of a rejected artefact, too, it is asked how sure it is
COMMANDS = """
import json, shutil, sys, time
from pathlib import Path
from mmkeras.cli.main import main

seconds = {}
def run(command, *arguments):
    begin = time.monotonic()
    main([command, *arguments])
    seconds[command] = time.monotonic() - begin

run("train", "train.csv", *sys.argv[1:], "--output", "run")
run("export", "run", "--output", "exported")
shutil.copy(next(Path(".").glob("exported*/predict.tflite*")), "asked.tflite")
run("predict", "asked.tflite", "new.csv", "--output", "predicted.csv")
Path("seconds.json").write_text(json.dumps(seconds))
"""


def run_commands(checkout: Path, folder: Path, flags: Sequence[str]) -> dict[str, float]:
    """Train, export and predict in one process with the checkout's code: command -> seconds.

    What they print is appended to `log.txt` of the folder.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        command = [sys.executable, "-c", COMMANDS, *flags]
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
    if not (folder / "predicted.csv").exists():
        sys.exit(f"{folder.name}: a command has failed: {folder / 'log.txt'}")
    return dict(json.loads((folder / "seconds.json").read_text(encoding="utf-8")))


def read_rows(path: Path) -> list[Row]:
    """A CSV's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_new_rows(folder: Path) -> dict[str, Any]:
    """Accuracy on the new rows, and probabilities of right and wrong answers; {} for numbers."""
    predicted, truth = read_rows(folder / "predicted.csv"), [row["label"] for row in read_rows(folder / "new.csv")]
    if "probability" not in predicted[0]:
        return {}
    answers = [row["prediction"] for row in predicted]
    right = np.array([set(a.split("|")) == set(t.split("|")) for a, t in zip(answers, truth, strict=True)])
    probability = np.array([float(p["probability"]) for p in predicted])
    of_wrong = probability[~right]
    return {
        "new": float(right.mean()),
        "right": float(probability[right].mean()) if right.any() else None,
        "wrong": float(of_wrong.mean()) if len(of_wrong) else None,
        "surest_wrong": float(of_wrong.max()) if len(of_wrong) else None,
        "n_wrong": len(of_wrong),
    }


def worst_difference(result: dict[str, Any]) -> float | None:
    """The largest difference of an artefact from the model: on all rows, without some columns, in each signature."""
    parts = [result, *result.get("missing_modalities", []), *result.get("signatures_checked", {}).values()]
    return max((part["largest_difference"] for part in parts if "largest_difference" in part), default=None)


def measure(name: str, seed: int, checkout: Path, folder: Path) -> dict[str, Any]:
    """Train, export, predict the new rows; the figures of the table's line. Ends the program if a command breaks."""
    write_tables(name, seed, folder)
    task = ["--task", "multilabel"] if name == "labels" else []
    flags = ["--target", "label", *task, "--seed", str(seed)]
    seconds = run_commands(checkout, folder, flags)
    exported = next(f for f in (folder / "exported", folder / "exported.rejected") if (f / "verify.json").exists())
    artefacts = json.loads((exported / "verify.json").read_text(encoding="utf-8"))["artefacts"]
    metrics = json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))
    return {
        "table": name,
        "seed": seed,
        "held_out": metrics["validation"]["score"],
        "held_out_rows": metrics["validation"]["rows"],
        "temperature": metrics.get("calibration", {}).get("temperature"),
        **of_new_rows(folder),
        "differences": {artefact: worst_difference(result) for artefact, result in artefacts.items()},
        "passed": all(result["passed"] for result in artefacts.values()),
        "seconds": seconds,
    }


def line(r: dict[str, Any]) -> str:
    """A table's line in Markdown."""

    def cell(key: str, digits: int) -> str:
        return "–" if r.get(key) is None else f"{r[key]:.{digits}f}"

    seconds = f"{r['seconds']['train']:.0f} + {r['seconds']['export']:.0f}"
    apart = " ".join("–" if d is None else f"{d:.0e}" for d in r["differences"].values())
    cells = [
        *(f"{r['table']} ({r['seed']})", f"{cell('held_out', 3)} of {r['held_out_rows']}", cell("new", 3)),
        *(cell("temperature", 3), cell("right", 3), cell("wrong", 3), cell("surest_wrong", 6)),
        *(apart, "verified" if r["passed"] else "REJECTED", seconds),
    ]
    return f"| {' | '.join(cells)} |"


HEAD = """| table (seed) | held out | new rows | temperature | P right | P wrong | surest wrong | differences | | s |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure each table; print its line at once, and write the JSON after each."""
    parser = argparse.ArgumentParser(description="Easy tables: exported, and errors unsure?")
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=list(TABLES), metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkout", type=Path, default=Path(__file__).parents[2])
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "results" / "easy_tables.json")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    print(HEAD)
    for name in arguments.tables:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (arguments.keep or Path(scratch)) / f"{name}-{arguments.seed}"
            folder.mkdir(parents=True)
            results.append(measure(name, arguments.seed, arguments.checkout, folder))
        print(line(results[-1]), flush=True)
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(results, indent=2), encoding="utf-8")
    sure_and_wrong = [r["table"] for r in results if (r.get("surest_wrong") or 0) >= 0.9999995]
    rejected = [r["table"] for r in results if not r["passed"]]
    print(f"{len(results) - len(rejected)} of {len(results)} verified; wrong with probability 1: {sure_and_wrong}")
    sys.exit(bool(rejected or sure_and_wrong))


if __name__ == "__main__":
    main()
