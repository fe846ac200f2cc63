"""The default text classifier against its variants, by folds of training rows: the first table of docs/recipe.md.

    python -m benchmarks.news.recipe [--sets trec webkb mr bbc news20 tnews] [--folds 2] [--variants default svm …]

The training rows of a set are divided into five parts, equal texts in one part. Each variant is trained on four of them
with the command of a user, and predicts the fifth: `--folds` of the five. Test rows are never read. A variant is a few
flags, or an assignment to a constant of the code. `svm` is scikit-learn's TF-IDF + LinearSVC, its C tuned by folds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.harness.measure import same_threads
from benchmarks.news.sets import SETS, SetMissing, folded, read_set

PARTS = 5
TUNED = (0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Variant:
    """flags: of train. settings: assignments that are executed before the training."""

    flags: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


HEADS = "import mmkeras.models.heads as m"
STARTS = "import mmkeras.tasks.prediction.starts as m"
STEPS = "import mmkeras.models.steps as m"
TWICE = "m.STEPS = tuple((n, 2 * e, b) for n, e, b in m.STEPS)"
COLUMN = "import mmkeras.modalities.text.column as m"

VARIANTS = {
    "default": Variant(),
    "3 epochs, batch 128": Variant(("--epochs", "3", "--batch-size", "128")),
    "twice the epochs": Variant((), (STEPS, TWICE, "m.LARGE = 6, 512")),
    "SGD of C 0.6 alone": Variant((), (HEADS, "m.MOST_WEIGHTS = 0")),
    "Adagrad at 0.04 alone": Variant(("--learning-rate", "0.04")),
    "Adagrad at 0.08 alone": Variant(("--learning-rate", "0.08")),
    "Adagrad at 0.16 alone": Variant(("--learning-rate", "0.16")),
    "steps without log-ratios": Variant((), (STARTS, "m.SHARE = 0.0")),
    "steps by log-ratios alone": Variant((), (STARTS, "m.SHARE = 1.0")),
    "priors that start at 0": Variant((), (STARTS, "m.priors_of = lambda truth, weights: 0 * truth[0]")),
    "vocabulary without held-out rows": Variant((), (COLUMN, "m.counted_parts = lambda config: ('train',)")),
    "no refit": Variant(("--no-fold",)),
    "features of 1 row": Variant(("--min-rows", "1")),
    "features of 2 rows": Variant(("--min-rows", "2")),
    "features of 3 rows": Variant(("--min-rows", "3")),
    "no marks": Variant(("--no-punctuation",)),
    "single tokens": Variant(("--ngrams", "1")),
    "50,000 features": Variant(("--max-features", "50000")),
    "a deep part of 16": Variant(("--deep", "16")),
    "label smoothing 0.1": Variant(("--label-smoothing", "0.1")),
}
DEFAULT = ("svm", *VARIANTS)


def write_fold(rows: Any, number: int, folder: Path) -> tuple[Path, Path]:
    """train.csv and test.csv of one fold of a set's training rows."""
    import numpy as np

    texts, part_of = np.unique(folded(rows["text"]), return_inverse=True)
    part = np.random.default_rng(0).permutation(len(texts)) % PARTS
    held_out = part[part_of] == number
    paths = folder / "train.csv", folder / "test.csv"
    for path, chosen in zip(paths, (~held_out, held_out), strict=True):
        rows[chosen].to_csv(path, index=False, lineterminator="\n")
    return paths


def accuracy_of(variant: Variant, train: Path, test: Path, folder: Path, seed: int) -> float:
    """Train and predict in a process of its own. Returns the accuracy on the fold's rows in per cent."""
    columns = ["--text", "text", "--target", "label", "--seed", str(seed), "--overwrite", "--baseline", "none"]
    arguments = ["train", str(train), *columns, "--output", str(folder / "run"), *variant.flags]
    lines = [*variant.settings, "from mmkeras.cli.main import main", f"raise SystemExit(main({arguments!r}))"]
    environment = {**os.environ, **same_threads(1)}
    call = {"env": environment, "cwd": ROOT, "check": True, "capture_output": True}
    subprocess.run([sys.executable, "-c", "\n".join(lines)], **call)  # type: ignore[call-overload]
    predictions = folder / "predictions.csv"
    predict = ["-m", "mmkeras.cli.main", "predict", str(folder / "run"), str(test), "--output", str(predictions)]
    subprocess.run([sys.executable, *predict, "--overwrite"], **call)  # type: ignore[call-overload]
    return share_right(predictions, test)


def share_right(predictions: Path, test: Path) -> float:
    """The share of rows whose prediction is their label, in per cent."""
    import pandas as pd

    answers, rows = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (predictions, test))
    return 100 * float((answers["prediction"].to_numpy() == rows["label"].to_numpy()).mean())


def svm_accuracy(train: Path, test: Path, characters: bool, seed: int) -> float:
    """TF-IDF of words (characters) and pairs, LinearSVC, C of the best of five folds; the accuracy in per cent."""
    import pandas as pd
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    kind: dict[str, Any] = {"analyzer": "char"} if characters else {"token_pattern": r"\w+"}
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, **kind)
    pipeline = make_pipeline(vectorizer, LinearSVC(random_state=seed))
    search = GridSearchCV(pipeline, {"linearsvc__C": list(TUNED)}, cv=PARTS)
    learned, asked = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in (train, test))
    search.fit(learned["text"], learned["label"])
    return 100 * float((search.predict(asked["text"]) == asked["label"]).mean())


def main() -> int:
    """Print a Markdown table, a row as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=list(SETS))
    parser.add_argument("--variants", nargs="+", choices=DEFAULT, default=list(DEFAULT), metavar="VARIANT")
    parser.add_argument("--folds", type=int, default=2, choices=range(1, PARTS + 1))
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds trec/, webkb/, …")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folds: dict[str, list[tuple[Path, Path]]] = {}
        for name in args.sets:
            try:
                rows, _ = read_set(name, ROOT / "data" / "news.csv", args.shared)
            except SetMissing as reason:
                print(f"{name}: {reason}", file=sys.stderr)
                return 1
            folders = [Path(work) / name / str(k) for k in range(args.folds)]
            for folder in folders:
                folder.mkdir(parents=True)
            folds[name] = [write_fold(rows, k, folder) for k, folder in enumerate(folders)]
        print(f"| accuracy in {args.folds} of {PARTS} folds | {' | '.join(folds)} |")
        print(f"| --- |{' ---: |' * len(folds)}", flush=True)
        for variant in args.variants:
            cells = []
            for name, paths in folds.items():
                scores = [
                    svm_accuracy(train, test, SETS[name].characters, k)
                    if variant == "svm"
                    else accuracy_of(VARIANTS[variant], train, test, train.parent, k)
                    for k, (train, test) in enumerate(paths)
                ]
                cells.append(f"{statistics.fmean(scores):.2f}")
            print(f"| {variant} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
