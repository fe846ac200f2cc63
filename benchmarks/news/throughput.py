"""Rows a second of `mmkeras predict` on 100,000 headlines, all cores, beside fastText and scikit-learn.

    python -m benchmarks.news.throughput [--rows 100000] [--rounds 3] [--formats LiteRT SavedModel]

Every model is trained on tnews first, mmkeras for one epoch: what is measured does not depend on accuracy. Then each
answers one CSV with a process of its own, from its start to the written predictions.csv, in turns; fastText and
scikit-learn by `benchmarks.peers`, which read the file with Python's csv and write as many columns as there are to
write. Rows a second are of the wall clock, the median of the rounds; processor seconds beside them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.measure import Cost, StepFailed, run_process, same_threads
from benchmarks.many_rows import KINDS, write_rows
from benchmarks.news import ours
from benchmarks.news.fasttext_env import NoFastText, fasttext_python
from benchmarks.news.sets import prepare
from benchmarks.news.systems import Command, Place, peer_command

ARTEFACTS = {"LiteRT": "predict.tflite", "ONNX Runtime": "predict.onnx", "SavedModel": "savedmodel/1"}
PEERS = {"fastText": "fasttext_news", "TF-IDF + LinearSVC": "sklearn_tfidf"}


def main(arguments: list[str] | None = None) -> int:
    """Print a Markdown table. Returns 1 if a system could not be measured."""
    args = parse(arguments)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        table = folder / "headlines.csv"
        file, half, _ = KINDS["headlines"]
        write_rows(table, args.shared / file, half, args.rows, seed=1)
        commands, failed = predictions(args, folder, table)
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                costs[name].append(process(args, folder / f"{name}.log", command))
    print_table(args, costs)
    return 1 if failed else 0


def predictions(args: argparse.Namespace, folder: Path, table: Path) -> tuple[dict[str, Command], bool]:
    """Train every system; its name and the command that answers the table. And: is one left out?"""
    failed = False
    try:
        python = fasttext_python(args.fasttext_env)
    except NoFastText as reason:
        print(f"fastText: left out: {reason}", file=sys.stderr)
        python, failed = None, True
    split = prepare("tnews", folder / "tnews", Path("nowhere"), args.shared, args.quick, 1)
    place = Place(split, python)
    process(args, folder / "train.log", [*ours.train_command(split.train, folder, 0), "--epochs", "1"])
    process(args, folder / "export.log", ours.export_command(folder))
    commands: dict[str, Command] = {}
    for name in args.formats:
        artefact = folder / "exported" / ARTEFACTS[name]
        command: Command = [sys.executable, "-m", "mmkeras.cli.main", "predict", artefact, table]
        commands[f"mmkeras, {name}"] = [*command, "--output", folder / f"{name}.csv", "--overwrite"]
    for name, module in PEERS.items():
        if name == "fastText" and python is None:
            continue
        model = folder / module
        model.mkdir()
        process(args, folder / f"{module}.log", peer_command(module, (), place, model, "train"))
        asked = peer_command(module, (), place, model, "predict")
        commands[name] = [table if word == split.test else word for word in asked]
    return commands, failed


def process(args: argparse.Namespace, log: Path, command: Command) -> Cost:
    """One process with all threads. Raises StepFailed."""
    return run_process(command, log, ROOT, same_threads(args.threads))


def print_table(args: argparse.Namespace, costs: dict[str, list[Cost]]) -> None:
    """A row a system."""
    medians = {name: statistics.median(cost.wall_s for cost in each) for name, each in costs.items()}
    print(f"| {args.rows:,} headlines, {args.threads} threads | rows a second | × fastText | s | CPU s | MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, each in costs.items():
        beside = f"{medians['fastText'] / medians[name]:.2f}" if "fastText" in medians else "–"
        cpu = statistics.median(cost.cpu_s for cost in each)
        peak = max(cost.peak_mib for cost in each)
        rate = args.rows / medians[name]
        print(f"| {name} | {rate:,.0f} | {beside} | {medians[name]:.2f} | {cpu:.2f} | {peak:.0f} |")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=tuple(ARTEFACTS), default=list(ARTEFACTS))
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="models of a few rows: does the harness work?")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds tnews/")
    parser.add_argument("--fasttext-env", type=Path, default=ROOT / ".venv-fasttext", help="made when absent")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StepFailed as reason:
        sys.exit(str(reason))
