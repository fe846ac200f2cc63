"""The default model against its variants, on held-out training rows: the first table of docs/recipe.md.

    python -m benchmarks.news.recipe [--sets bbc news20 tnews] [--seeds 0 1] [--variants default wide …]

Each variant is one `train.py` with other flags, on the training rows of the set alone. The accuracy is of the rows that
the run holds out of them. Test rows are never read.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import ROOT
from benchmarks.harness.measure import same_threads
from benchmarks.news.sets import SETS, SetMissing, prepare

VARIANTS = {
    "default": (),
    "wide part alone": ("--deep", "0"),
    "deep part of 64": ("--deep", "64"),
    "single tokens": ("--ngrams", "1"),
    "50,000 features": ("--max-features", "50000"),
    "features of 3 rows": ("--min-rows", "3"),
    "label smoothing 0.1": ("--label-smoothing", "0.1"),
    "6 epochs": ("--epochs", "6"),
    "rate halved": ("--learning-rate", "0.04"),
    "rate doubled": ("--learning-rate", "0.16"),
    "mlp": ("--model", "mlp"),
}


def held_out_accuracy(train: Path, flags: tuple[str, ...], seed: int) -> float:
    """Train in a separate process, without a refit on the held-out rows. Returns their accuracy in per cent."""
    with tempfile.TemporaryDirectory() as scratch:
        common = ["--text", "text", "--target", "label", "--output", f"{scratch}/run", "--no-fold", "--seed", str(seed)]
        # the split changes with the seed, so that the range of accuracies includes the choice of the split
        command = [sys.executable, str(ROOT / "train.py"), str(train), *common, "--random-state", str(seed), *flags]
        subprocess.run(command, env={**os.environ, **same_threads(1)}, cwd=ROOT, check=True, capture_output=True)
        metrics = json.loads((Path(scratch) / "run" / "metrics.json").read_text(encoding="utf-8"))
        return 100 * float(metrics["validation"]["accuracy"])


def main() -> int:
    """Print a Markdown table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--variants", nargs="+", choices=tuple(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds news20/, tnews/")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        sets = {}
        for name in args.sets:
            try:
                split = prepare(name, Path(work) / name, ROOT / "data" / "news.csv", args.shared, False, 1)
            except SetMissing as reason:
                print(f"{name}: {reason}", file=sys.stderr)
                return 1
            sets[name] = split.train
        print(f"| held-out accuracy, {len(args.seeds)} splits | flags | {' | '.join(sets)} |")
        print(f"| --- | --- |{' ---: |' * len(sets)}", flush=True)
        for variant in args.variants:
            flags = VARIANTS[variant]
            cells = []
            for train in sets.values():
                scores = [held_out_accuracy(train, flags, seed) for seed in args.seeds]
                cells.append(f"{statistics.fmean(scores):.2f} ({min(scores):.2f}–{max(scores):.2f})")
            print(f"| {variant} | `{' '.join(flags)}` | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
