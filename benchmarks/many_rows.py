"""What rows cost: processor seconds and memory of train, export and predict by their number, beside scikit-learn.

    python -m benchmarks.many_rows                                   # headlines, and texts of 2 kB, three sizes each
    python -m benchmarks.many_rows --kinds long --rows 20000 320000 --no-peer
    python -m benchmarks.many_rows --kinds long --rows 5715000 --train-only       # a CSV of 10 GB
    python -m benchmarks.many_rows --checkout OLD --kinds long --rows 80000      # another checkout

The rows are made of tnews and news20: halves of two texts of the same class, so that any number of them differ. Each
command is a process of its own with default flags but `--epochs` (1); as many rows again are predicted with the LiteRT
file. Memory is the largest resident size; what is mapped from disk counts. scikit-learn (`benchmarks.peers`) trains and
predicts the same rows. Printed as soon as measured, a row a size; ratios are to scikit-learn, of training and
predictions together.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import ROOT
from benchmarks.harness.measure import Cost, StepFailed, run_process, same_threads
from benchmarks.peers.command import read_rows

KINDS: Final = {
    "headlines": ("tnews/train.csv", 12, (12_500, 50_000, 200_000)),
    "long": ("news20/train.csv.gz", 1000, (5_000, 20_000, 80_000)),
}
"""Kind -> the file, the characters of half a row, the numbers of rows."""

HEAD: Final = (
    *("kind", "rows", "MB", "train CPU s", "train s", "MiB", "export MiB", "predict CPU s", "predict s", "MiB"),
    *("scikit-learn CPU s", "MiB", "× CPU"),
)


def made_rows(source: Path, half: int, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Texts and labels: a part of one text, and a part of another of the same class."""
    of_class: dict[str, list[str]] = defaultdict(list)
    for text, label in zip(*read_rows(source), strict=True):
        of_class[label].append(text)
    draw = random.Random(seed)
    labels = sorted(of_class)
    weights = [len(of_class[label]) for label in labels]
    for label in draw.choices(labels, weights, k=count):
        parts = []
        for text in draw.choices(of_class[label], k=2):
            start = draw.randrange(max(1, len(text) - half))
            parts.append(text[start : start + half])
        yield " ".join(parts), label


def write_rows(path: Path, source: Path, half: int, count: int, seed: int) -> float:
    """A CSV of made rows; returns its size in MB."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["text", "label"])
        writer.writerows(made_rows(source, half, count, seed))
    return path.stat().st_size / 1e6


def measure(args: argparse.Namespace, kind: str, rows: int, folder: Path) -> list[str]:
    """The cells of one size. Raises StepFailed when a command of ours fails; scikit-learn's may."""
    file, half, _ = KINDS[kind]
    table, new, run = folder / "table.csv", folder / "new.csv", folder / "run"
    size = write_rows(table, args.shared / file, half, rows, seed=0)
    if not args.train_only:
        write_rows(new, args.shared / file, half, rows, seed=1)
    ours = [sys.executable, "-m", "mmkeras.cli.main"]
    columns = ["--text", "text", "--target", "label", "--epochs", str(args.epochs)]

    def process(name: str, command: list[str | Path], root: Path = args.checkout) -> Cost:
        variables = same_threads(args.threads) | {"PYTHONPATH": str(root)}
        return run_process(command, folder / f"{name}.log", root, variables)

    train = process("train", [*ours, "train", table, *columns, "--output", run])
    cells = [kind, f"{rows:,}", f"{size:.0f}", f"{train.cpu_s:.1f}", f"{train.wall_s:.1f}", f"{train.peak_mib:.0f}"]
    if args.train_only:
        return [*cells, *"–" * (len(HEAD) - len(cells))]
    export = process("export", [*ours, "export", run, "--output", folder / "exported"])
    artefact = folder / "exported" / "predict.tflite"
    predict = process("predict", [*ours, "predict", artefact, new, "--output", folder / "predictions.csv"])
    whole = train.cpu_s + predict.cpu_s
    cells += [f"{export.peak_mib:.0f}", f"{predict.cpu_s:.1f}", f"{predict.wall_s:.1f}", f"{predict.peak_mib:.0f}"]
    if not args.peer:
        return [*cells, "–", "–", "–"]
    peer: list[str | Path] = [sys.executable, "-m", "benchmarks.peers.sklearn_tfidf", table, new]
    peer += ["--output", folder / "peer", *(["--characters"] if kind == "headlines" else [])]
    costs = [process(f"peer {step}", [*peer, "--step", step], ROOT) for step in ("train", "predict")]
    seconds = sum(cost.cpu_s for cost in costs)
    return [*cells, f"{seconds:.1f}", f"{max(cost.peak_mib for cost in costs):.0f}", f"{whole / seconds:.2f}"]


def main(arguments: list[str] | None = None) -> int:
    """Print a Markdown table. Returns 1 if a size could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", choices=tuple(KINDS), default=list(KINDS))
    parser.add_argument("--rows", nargs="+", type=int, help="numbers of rows, in place of each kind's")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of each process")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="whose mmkeras is measured")
    parser.add_argument("--train-only", action="store_true", help="leave export, predict and scikit-learn out")
    parser.add_argument("--no-peer", dest="peer", action="store_false", help="leave scikit-learn out")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds news20/, tnews/")
    args = parser.parse_args(arguments)
    args.checkout = args.checkout.resolve()
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    failed = False
    for kind in args.kinds:
        for rows in args.rows or KINDS[kind][2]:
            with tempfile.TemporaryDirectory() as folder:
                try:
                    print(f"| {' | '.join(measure(args, kind, rows, Path(folder)))} |", flush=True)
                except StepFailed as reason:
                    print(f"{kind}, {rows:,} rows: {reason}", file=sys.stderr)
                    failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
