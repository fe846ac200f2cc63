r"""The accuracy of a choice of flags within one training file, by cross-validation: no test row is read.

python -m benchmarks.multimodal.folds ../shared/data/mvsa/train.csv --target label --only 0 1 2 -- --text text \
    --model multimodal
python -m benchmarks.multimodal.folds ../shared/data/fsdd/speaker_train.csv --target label --group speaker -- \
    --audio audio

Flags after `--` are for `train.py`, which holds out a tenth of the other rows, to choose the epoch.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from benchmarks.multimodal.run import System, measure


def folds(table: pd.DataFrame, target: str, group: str | None, count: int) -> Iterator[tuple[str, np.ndarray]]:
    """Name and rows, bool [n], of each fold: one for each value of the column `group`, or `count` stratified folds."""
    if group:
        for value in sorted(table[group].unique()):
            yield value, (table[group] == value).to_numpy(dtype=bool)
        return
    labels = table[target].to_numpy(dtype=object)
    splits = StratifiedKFold(count, shuffle=True, random_state=0).split(np.zeros(len(labels)), labels)
    for k, (_, test) in enumerate(splits):
        rows = np.zeros(len(labels), bool)
        rows[test] = True
        yield str(k), rows


def main(arguments: list[str] | None = None) -> int:
    """Train and predict once a fold; print each accuracy and their mean."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--target", required=True)
    parser.add_argument("--group", help="column whose values are the folds, each left out in turn; it is no input")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--only", nargs="+", help="these folds alone: numbers, or values of the group")
    parser.add_argument("--seed", type=int, default=1)
    words = sys.argv[1:] if arguments is None else arguments
    end = words.index("--") if "--" in words else len(words)
    args = parser.parse_args(words[:end])
    table = pd.read_csv(args.csv, dtype=str, keep_default_na=False)
    for column in filter(None, (args.target, args.group)):
        if column not in table:
            parser.error(f"{args.csv}: no column {column!r}; there are {', '.join(table.columns)}")
    root = str(args.csv.resolve().parent)
    flags = ("--target", args.target, "--test-size", "0.1", "--media-root", root, *words[end + 1 :])
    chosen = [
        fold for fold in folds(table, args.target, args.group, args.folds) if not args.only or fold[0] in args.only
    ]
    if not chosen:
        parser.error(f"--only {' '.join(args.only)}: there is no such fold")
    accuracies = []
    with tempfile.TemporaryDirectory() as work:
        for name, held_out in chosen:
            train, test = Path(work) / f"{name}-train.csv", Path(work) / f"{name}-test.csv"
            for path, rows in ((train, ~held_out), (test, held_out)):
                table[rows].drop(columns=[args.group] if args.group else []).to_csv(path, index=False)
            system = System(f"fold {name}", train, test, flags, media_root=root)
            accuracies.append(measure(system, args.seed, Path(work) / "runs")["accuracy"])
            print(f"{name}: {100 * accuracies[-1]:.2f}", flush=True)
    print(f"mean: {100 * statistics.mean(accuracies):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
