"""What the rule of the temperature is worth: docs/recipe.md, "The temperature".

    python -m benchmarks.temperature                            # trains 14 tables first: some 20 minutes on two cores
    python -m benchmarks.temperature --tables iris trec --rows 20 --scale 30

Each table is trained with half of its rows held out. Of those, `--rows` are drawn, 20 times; each rule chooses a
temperature by them; printed are the mean negative log-likelihood and the calibration error of the rows that were not
drawn. `--scale 30` multiplies all logits, as of a model that is far too sure. `--logits FOLDER` keeps the logits, so
that the trainings run once.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np

from benchmarks import ROOT
from benchmarks.easy_tables.tables import TABLES
from mmkeras.metrics.calibration import (
    LEAST_SURE,
    SUREST,
    calibration,
    choices,
    choices_a_row,
    softmax,
    typical_margin,
)
from mmkeras.metrics.temperature import choose_temperature

TEXTS: Final = ("mr", "trec", "webkb", "tnews")
EASY: Final = ("iris", "wine", "digits", "category", "word", "one_text", "two_texts", "dates", "colours", "labels")
DRAWS: Final = 20
MOST: Final = 0.6  # of the held-out rows, that may be drawn; a smaller table is left out

Rule = Callable[[np.ndarray, np.ndarray, int], float]


def fit(logits: np.ndarray, truth: np.ndarray, weight: float) -> float:
    """The likeliest temperature, where the row that is right and the row that is wrong count `weight` rows each.

    `mmkeras.metrics.calibration.fit_temperature` has a weight of 1; 0 is the likelihood alone, within the same bounds.
    logits: float [n, classes]; truth: int [n].
    """
    margin = typical_margin(logits)
    if margin is None:
        return 1.0
    temperatures = np.exp(np.linspace(np.log(margin / SUREST), np.log(margin / LEAST_SURE), 1000))
    below = logits - logits.max(axis=1, keepdims=True)  # [n, classes]
    of_truth = below[np.arange(len(truth)), truth].sum()

    def loss(t: float) -> float:
        added = np.logaddexp(0.0, [-margin / t, margin / t]).sum()
        return float(np.log(np.exp(below / t).sum(axis=1)).sum() - of_truth / t + weight * added)

    return float(min(temperatures, key=loss))


RULES: Final[dict[str, Rule]] = {
    "never": lambda logits, truth, per_row: 1.0,
    "likelihood alone": lambda logits, truth, per_row: fit(logits, truth, 0.0),
    "two half rows": lambda logits, truth, per_row: fit(logits, truth, 0.5),
    "two rows, always": lambda logits, truth, per_row: float(choose_temperature(logits, truth, per_row)["fitted"]),
    "this rule": lambda logits, truth, per_row: float(choose_temperature(logits, truth, per_row)["temperature"]),
}


def scores(task: str, logits: np.ndarray, truth: np.ndarray, rows: int, draws: int) -> dict[str, tuple[float, float]]:
    """Rule -> mean negative log-likelihood and calibration error of the rows that are not drawn.

    logits: float [n, outputs]; truth: classes int [n], or labels [n, labels].
    """
    found: dict[str, list[tuple[float, float]]] = {rule: [] for rule in RULES}
    for draw in range(draws):
        order = np.random.default_rng(draw).permutation(len(logits))
        chosen, others = (choices(task, logits[part], truth[part]) for part in (order[:rows], order[rows:]))
        if chosen is None or others is None:
            raise ValueError(f"{task} predicts numbers, which have no temperature.")
        for rule, choose in RULES.items():
            temperature = choose(*chosen, choices_a_row(task, logits))
            figures = calibration(softmax(others[0] / temperature), others[1])
            found[rule].append((figures["negative_log_likelihood"], figures["expected_calibration_error"]))
    return {rule: mean_of(pairs) for rule, pairs in found.items()}


def mean_of(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    """The means of both figures."""
    likelihoods, errors = zip(*pairs, strict=True)
    return statistics.fmean(likelihoods), statistics.fmean(errors)


def train(name: str, folder: Path, shared: Path) -> dict[str, Any]:
    """Train a table with half of its rows held out: task, logits before the temperature, truth."""
    from mmkeras import train as train_table
    from mmkeras.system.tensorflow import import_tensorflow

    import_tensorflow()  # before the next line imports it, so that it is quiet
    from mmkeras.tasks.prediction import evaluate, training

    kept: dict[str, Any] = {}

    def keep(core: Any, data: Any, truth: np.ndarray, inputs: Any) -> Any:
        kept.update(task=data.targets.task, truth=truth)
        kept["logits"] = evaluate.run(core.model, data.features["validation"], data)
        return evaluate.evaluate_model(core, data, truth, inputs)

    table: Any = shared / name / "train.csv"
    if name in TABLES:
        import pandas as pd

        table = folder / "table.csv"
        pd.DataFrame(TABLES[name](random.Random(1), folder)).to_csv(table, index=False)
    flags: dict[str, Any] = {"task": "multilabel"} if name == "labels" else {}
    with mock.patch.object(training, "evaluate_model", keep):  # the files of a run keep probabilities alone
        train_table(table, target="label", test_size=0.5, output=str(folder / "run"), log=lambda line: None, **flags)
    return kept


def all_logits(args: argparse.Namespace, work: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name, task, logits and truth of every table; trained where `--logits` does not have them yet."""
    for name in args.tables:
        kept = (args.logits or work) / f"{name}.npz"
        if not kept.exists():
            folder = work / name
            folder.mkdir()
            found = train(name, folder, args.shared)
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, **found)
            print(f"{name}: trained", file=sys.stderr, flush=True)
        with np.load(kept) as arrays:
            yield name, {key: str(arrays[key]) if key == "task" else arrays[key] for key in arrays.files}


def main(arguments: list[str] | None = None) -> int:
    """Print the table of means, and with `--each` the figures of each table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=(*TEXTS, *EASY), default=(*TEXTS, *EASY))
    parser.add_argument("--rows", nargs="+", type=int, default=[20, 40, 80, 400], help="held-out rows that are drawn")
    parser.add_argument("--scale", type=float, default=1.0, help="of all logits")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--each", action="store_true", help="print each table by itself, too")
    parser.add_argument("--logits", type=Path, help="folder of the logits, made where they are absent")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds mr/, trec/ …")
    args = parser.parse_args(arguments)
    found: dict[int, dict[str, dict[str, tuple[float, float]]]] = {rows: {} for rows in args.rows}
    with tempfile.TemporaryDirectory() as work:
        for name, of in all_logits(args, Path(work)):
            logits = args.scale * of["logits"].astype("float64")
            for rows in args.rows:
                if rows <= MOST * len(logits):
                    found[rows][name] = scores(of["task"], logits, of["truth"], rows, args.draws)
    print(f"| held-out rows | tables | {' | '.join(RULES)} |\n|---|---|{'---|' * len(RULES)}")
    for rows, tables in found.items():
        for name, each in tables.items() if args.each else ():
            print(line(rows, name, each))
        if tables:
            print(
                line(
                    rows, str(len(tables)), {rule: mean_of([each[rule] for each in tables.values()]) for rule in RULES}
                )
            )
    return 0


def line(rows: int, tables: str, figures: dict[str, tuple[float, float]]) -> str:
    """A row of the table."""
    cells = " | ".join(f"{likelihood:.3f}, {100 * error:.1f} %" for likelihood, error in figures.values())
    return f"| {rows} | {tables} | {cells} |"


if __name__ == "__main__":
    sys.exit(main())
