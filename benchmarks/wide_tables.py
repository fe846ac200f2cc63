"""What a table of many columns costs: training and export of tables of 200 rows, beside a table of three columns.

    python -m benchmarks.wide_tables                                 # 3, 100, 300 and 2,000 number columns
    python -m benchmarks.wide_tables --kind category --columns 3 100
    python -m benchmarks.wide_tables --checkout OLD --columns 3 100  # another checkout

Three columns decide the class, the others are noise. Both commands run with default flags, as processes of their own.
The processor's seconds are the figure to compare: other work on the machine disturbs them less than the wall clock.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.harness.measure import StepFailed, run_process, same_threads

ROOT: Final = Path(__file__).resolve().parents[1]
COLUMNS: Final = (3, 100, 300, 2000)
WORDS: Final = ("red", "green", "blue", "black", "white")
NAMES: Final = ("columns", "train s (CPU)", "export s (CPU)", "both s (CPU)", "× the first, CPU", "wall", "accuracy")
HEAD: Final = f"| {' | '.join(NAMES)} |"


def cell(kind: str, value: float) -> str:
    """A standard normal number as a cell of a kind, so that its order is kept."""
    if kind == "number":
        return f"{value:.4f}"
    rank = min(4, max(0, int(value * 1.2 + 2.5)))
    if kind == "category":
        return WORDS[rank]
    if kind == "date":
        return f"{2015 + 2 * rank}-{random.Random(value).randrange(1, 13):02}-15"
    return f"a {WORDS[rank]} one, {value:.2f}"


def write_table(path: Path, kind: str, columns: int, rows: int) -> None:
    """A CSV whose label depends on the first three columns."""
    rng = random.Random(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"f{k}" for k in range(columns)), "label"])
        for _ in range(rows):
            values = [rng.gauss(0, 1) for _ in range(columns)]
            label = "yes" if values[0] + values[1] - values[2] > 0 else "no"
            writer.writerow([*(cell(kind, value) for value in values), label])


def measure(checkout: Path, folder: Path, kind: str, columns: int, rows: int, threads: int) -> dict[str, Any]:
    """Train and export one table -> the costs of both processes and the accuracy on the held-out rows."""
    table = folder / f"{kind}{columns}.csv"
    write_table(table, kind, columns, rows)
    run, exported = folder / f"run{columns}", folder / f"exported{columns}"
    variables = {**same_threads(threads), "PYTHONPATH": str(checkout)}
    named = ["--text", *(f"f{k}" for k in range(columns))] if kind == "text" else []  # else the kind is guessed
    program = str(checkout / "train.py")
    train = [sys.executable, program, str(table), "--target", "label", *named, "--output", str(run)]
    costs = {
        "train": run_process(train, folder / f"train{columns}.log", folder, variables),
        "export": run_process(
            [sys.executable, checkout / "export.py", run, "--output", exported],
            folder / f"export{columns}.log",
            folder,
            variables,
        ),
    }
    score = json.loads((run / "metrics.json").read_text(encoding="utf-8"))["validation"]["score"]
    return {"columns": columns, "accuracy": score, **{name: cost.as_json() for name, cost in costs.items()}}


def line(result: dict[str, Any], first: dict[str, Any]) -> str:
    """A result as a line of the table."""
    train, export = result["train"], result["export"]
    both = {key: train[key] + export[key] for key in ("wall_s", "cpu_s")}
    ratio = {key: both[key] / (first["train"][key] + first["export"][key]) for key in both}
    seconds = [f"{cost['wall_s']:.1f} ({cost['cpu_s']:.1f})" for cost in (train, export, both)]
    return (
        f"| {result['columns']:,} | {' | '.join(seconds)} | {ratio['cpu_s']:.2f} | {ratio['wall_s']:.2f} | "
        f"{result['accuracy']:.3f} |"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wide_tables", description=__doc__.split("\n")[0])
    parser.add_argument("--columns", type=int, nargs="+", default=list(COLUMNS))
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--kind", choices=("number", "category", "date", "text"), default="number")
    parser.add_argument("--checkout", type=Path, default=ROOT)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="JSON file of the figures")
    options = parser.parse_args(arguments)
    print(HEAD, "|---" * 7 + "|", sep="\n", flush=True)
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for columns in options.columns:
            try:
                checkout, folder = options.checkout.resolve(), Path(scratch)
                results.append(measure(checkout, folder, options.kind, columns, options.rows, options.threads))
            except StepFailed as error:
                print(f"{columns} columns: {error}", file=sys.stderr)
                return 1
            print(line(results[-1], results[0]), flush=True)
            if options.output:
                options.output.write_text(json.dumps(results, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
