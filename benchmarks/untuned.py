"""Tables that nothing was chosen by: the default text classifier beside TF-IDF + LinearSVC whose C is tuned.

    python -m benchmarks.untuned                             # seven tables of installed packages: five minutes
    python -m benchmarks.untuned --tables modules languages --seeds 0 1 2

The tables are made of the packages of requirements.lock: docstrings, and the message catalogs of Django (the `dev`
extra). modules: a docstring's first paragraph -> its module, some 200 classes of at most 60 rows. scikit-learn: whether
it is of scikit-learn (one in twenty is). functions: whether it is of a class or of a function. packages: a whole
docstring -> its package. languages: a message -> its language, 120 rows of each. A quarter of the rows is tested, the
others train both systems, each in a process of its own. Figures depend on the versions of the packages.
"""

from __future__ import annotations

import argparse
import ast
import csv
import random
import re
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks import ROOT
from benchmarks.harness.measure import StepFailed, run_process, same_threads
from benchmarks.harness.scores import read_predictions, score
from benchmarks.peers.command import read_rows

PACKAGES: Final = (
    *("numpy", "scipy", "pandas", "sklearn", "keras", "tensorflow", "matplotlib", "PIL", "_pytest", "mypy"),
    *("rich", "absl", "h5py", "onnx", "tf2onnx", "onnxruntime", "pip", "setuptools", "packaging"),
)
TABLES: Final = {
    "modules": None,
    "modules, 2,500 rows": 2500,
    "scikit-learn": None,
    "functions, 3,000 rows": 3000,
    "packages": None,
    "packages, 2,000 rows": 2000,
    "languages": None,
}
"""Table -> how many of its training rows are learned, if not all."""
MESSAGE: Final = re.compile(r'^msgstr "((?:[^"\\]|\\.)+)"', re.MULTILINE)
Rows = list[tuple[str, str]]


def folder_of(package: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


def docstrings() -> Iterator[tuple[str, str, str]]:
    """The module, the kind ("class" or "function") and the docstring of each definition, in a fixed order."""
    for package in PACKAGES:
        folder = folder_of(package)
        if not folder:
            continue
        for path in sorted(folder.rglob("*.py")):
            if "tests" in path.parts or "test" in path.parts:
                continue
            try:
                tree = ast.parse(path.read_text(encoding="utf-8"))
            except (SyntaxError, ValueError):  # templates, and files of another encoding
                continue
            module = ".".join((package, *path.relative_to(folder).with_suffix("").parts)[:2])
            for node in ast.walk(tree):
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and (text := ast.get_docstring(node)):
                    yield module, "class" if isinstance(node, ast.ClassDef) else "function", text


def first_paragraph(text: str) -> str:
    """On one line."""
    return " ".join(text.split("\n\n")[0].split())


def docstring_tables(draw: random.Random) -> dict[str, Rows]:
    """The rows of four tables."""
    short: dict[str, set[str]] = defaultdict(set)
    kinds, packages = [], []
    for module, kind, text in docstrings():
        first = first_paragraph(text)
        if 15 < len(first) < 300:
            short[module].add(first)
            kinds.append((first, kind))
        if len(text) > 300:
            packages.append((text, module.split(".")[0]))
    modules = [
        (text, module)
        for module, texts in short.items()
        if len(texts) >= 25
        for text in draw.sample(sorted(texts), min(len(texts), 60))
    ]
    of_all = [(text, module) for module, texts in short.items() for text in sorted(texts)]
    some = [(text, "yes" if module.startswith("sklearn") else "no") for text, module in draw.sample(of_all, 8000)]
    return {"modules": modules, "scikit-learn": some, "functions": kinds, "packages": packages}


def languages(draw: random.Random) -> Rows:
    """Messages of Django's catalogs; none where Django is not installed."""
    folder = folder_of("django")
    messages: dict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("locale/*/LC_MESSAGES/django*.po")) if folder else ():
        found = MESSAGE.findall(path.read_text(encoding="utf-8"))
        messages[path.parts[-3]].update(text for text in found if 4 < len(text) < 120)
    enough = {name: sorted(texts) for name, texts in messages.items() if len(texts) >= 120}
    return [(text, name) for name, texts in enough.items() for text in draw.sample(texts, 120)]


def write_split(rows: Rows, folder: Path, limit: int | None, draw: random.Random) -> tuple[Path, Path, int, int]:
    """train.csv and test.csv of rows whose texts differ; also the number of training rows and of classes."""
    once = list(dict(rows).items())
    draw.shuffle(once)
    cut = len(once) * 3 // 4
    train = once[:cut][:limit]
    for name, part in (("train.csv", train), ("test.csv", once[cut:])):
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["text", "label"])
            writer.writerows(part)
    return folder / "train.csv", folder / "test.csv", len(train), len({label for _, label in train})


def measure(train: Path, test: Path, folder: Path, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """Accuracy and macro-F1 of the LiteRT file, and of the SVM. Raises StepFailed when a process fails."""
    ours = [sys.executable, "-m", "mmkeras.cli.main"]
    run, exported, answers = folder / f"run{seed}", folder / f"exported{seed}", folder / f"answers{seed}.csv"
    columns: list[str | Path] = ["--text", "text", "--target", "label", "--seed", str(seed), "--output", run]
    peer: list[str | Path] = [sys.executable, "-m", "benchmarks.peers.sklearn_tfidf", train, test]
    peer += ["--output", folder / "peer", "--seed", str(seed), "--tune"]
    steps: dict[str, list[str | Path]] = {
        "train": [*ours, "train", train, *columns],
        "export": [*ours, "export", run, "--formats", "tflite", "--output", exported],
        "predict": [*ours, "predict", exported / "predict.tflite", test, "--output", answers],
        "peer": [*peer, "--step", "train"],
        "peer's answers": [*peer, "--step", "predict"],
    }
    for name, command in steps.items():
        run_process(command, folder / f"{name}.log", ROOT, same_threads(2) | {"PYTHONPATH": str(ROOT)})
    truth = read_rows(test)[1]
    return score(truth, read_predictions(answers)), score(truth, read_predictions(folder / "peer" / "predictions.csv"))


def mean(figures: list[dict[str, float]], name: str) -> float:
    """Of the seeds."""
    return statistics.fmean(figure[name] for figure in figures)


def main(arguments: list[str] | None = None) -> int:
    """Print a Markdown table, a row a table. Returns 1 if one could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=tuple(TABLES), default=list(TABLES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0], help="of both systems; the rows stay the same")
    args = parser.parse_args(arguments)
    tables = docstring_tables(random.Random(0)) | {"languages": languages(random.Random(0))}
    print("| table | training rows | classes | accuracy (macro-F1) | LinearSVC, C tuned | difference |", flush=True)
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    failed = False
    for name in args.tables:
        rows = tables[name.split(",")[0]]
        if not rows:
            print(f"{name}: left out, as its packages are not installed (pip install -e '.[dev]')", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            train, test, count, classes = write_split(rows, Path(folder), TABLES[name], random.Random(0))
            try:
                pairs = [measure(train, test, Path(folder), seed) for seed in args.seeds]
            except StepFailed as reason:
                print(f"{name}: {reason}", file=sys.stderr)
                failed = True
                continue
        ours, peer = ([pair[side] for pair in pairs] for side in (0, 1))
        cells = [f"{mean(side, 'accuracy'):.2f} ({mean(side, 'macro_f1'):.2f})" for side in (ours, peer)]
        difference = mean(ours, "accuracy") - mean(peer, "accuracy")
        print(f"| {name} | {count:,} | {classes} | {cells[0]} | {cells[1]} | {difference:+.2f} |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
