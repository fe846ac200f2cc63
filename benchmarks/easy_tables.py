"""Easy tables, whose held-out rows are all answered rightly, or nearly all: are they exported, and are errors unsure?

    python -m benchmarks.easy_tables                                # some 20 minutes on two cores
    python -m benchmarks.easy_tables --tables iris dates --seed 2 --checkout ../before

Each table is trained and exported with default flags, by the checkout's own commands, and asked about new rows, which
no training has seen. Printed for each: accuracy on held-out and on new rows, the temperature, the mean probability of
right and of wrong answers on new rows and the largest of a wrong one, the largest difference of each format, and
whether all formats were verified. Ends with code 1 when an artefact is rejected, or a wrong answer has probability 1.

Iris, wine, breast cancer and digits come with scikit-learn; the others are generated. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, str]
# run by the checkout's own code; of a rejected artefact, too, it is asked how sure it is
COMMANDS = """
import json, shutil, sys, time
from pathlib import Path
from mmkeras.cli.main import main

seconds = {}
def run(command, *arguments):
    begin = time.monotonic()
    main([command, *arguments])
    seconds[command] = time.monotonic() - begin

run("train", "train.csv", *sys.argv[1:], "--output", "run")
run("export", "run", "--output", "exported")
shutil.copy(next(Path(".").glob("exported*/predict.tflite*")), "asked.tflite")
run("predict", "asked.tflite", "new.csv", "--output", "predicted.csv")
Path("seconds.json").write_text(json.dumps(seconds))
"""
NEW = 0.4  # share of the rows that no training sees
COLOURS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200)}
FILLERS = "the a this one of and it with very quite today again some we they said".split()  # noqa: SIM905
MARKS = {"billing": ["invoice", "refund", "charge"], "login": ["password", "account"], "shipping": ["parcel", "late"]}


def bundled(name: str, columns: Sequence[int], rows: int = 400) -> Callable[[random.Random, Path], Iterator[Row]]:
    """A function that yields rows of a data set of scikit-learn, some of its columns."""

    def make(rng: random.Random, folder: Path) -> Iterator[Row]:
        from sklearn import datasets

        data: Any = getattr(datasets, f"load_{name}")()
        for k in rng.sample(range(len(data.data)), min(rows, len(data.data))):
            numbers = {str(data.feature_names[c]): f"{data.data[k, c]:g}" for c in columns}
            yield {**numbers, "label": f"class {data.target_names[data.target[k]]}"}

    return make


def words(rng: random.Random, marks: Sequence[str]) -> str:
    """A sentence of fillers with two words of `marks`."""
    text = [*rng.choices(FILLERS, k=rng.randrange(1, 5)), *rng.choices(marks, k=2)]
    rng.shuffle(text)
    return " ".join(text)


def digits(rng: random.Random, folder: Path) -> Iterator[Row]:
    """Digits of 8 x 8 pixels as means of 16 fields."""
    from sklearn.datasets import load_digits

    data: Any = load_digits(n_class=4)
    for k in rng.sample(range(len(data.data)), 400):
        fields = data.images[k].reshape(4, 2, 4, 2).mean((1, 3)).ravel()  # [8, 8] -> [4, 4] -> [16]
        yield {**{f"field {i}": f"{v:g}" for i, v in enumerate(fields)}, "label": f"digit {data.target[k]}"}


def category(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A category decides."""
    team_of = {"Lima": "south", "Oslo": "north", "Quito": "south", "Turku": "north", "Accra": "middle"}
    for _ in range(300):
        city = rng.choice(list(team_of))
        yield {"city": city, "amount": f"{rng.gauss(50, 9):.2f}", "label": team_of[city]}


def threshold(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A number above 50 decides."""
    for _ in range(300):
        score = rng.uniform(0, 100)
        shop = rng.choice(["web", "store", "phone"])
        yield {"score": f"{score:.1f}", "shop": shop, "weight": f"{rng.gauss(0, 1):.3f}", "label": str(score > 50)}


def two_numbers(rng: random.Random, folder: Path) -> Iterator[Row]:
    """The sum of two numbers decides among four classes."""
    for _ in range(400):
        a, b = rng.uniform(0, 2), rng.uniform(0, 2)
        yield {"a": f"{a:.3f}", "b": f"{b:.3f}", "label": "ABCD"[int(a + b)]}


def word(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A word of the text decides, beside a number that tells nothing."""
    for _ in range(300):
        label = rng.choice(list(MARKS))
        yield {"message": words(rng, MARKS[label]), "age": f"{rng.randrange(18, 80)}", "label": label}


def one_text(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A word of the only column decides: the default model of texts."""
    for row in word(rng, folder):
        yield {"message": row["message"], "label": row["label"]}


def two_texts(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A word of either text decides."""
    for _ in range(300):
        label = rng.choice(list(MARKS))
        texts = [words(rng, MARKS[label]), words(rng, FILLERS)]
        rng.shuffle(texts)
        yield {"subject": texts[0], "body": texts[1], "label": label}


def dates(rng: random.Random, folder: Path) -> Iterator[Row]:
    """The month decides."""
    for _ in range(400):
        month = rng.randrange(1, 13)
        day = f"{rng.randrange(2015, 2024)}-{month:02d}-{rng.randrange(1, 29):02d}"
        yield {"day": day, "visits": f"{rng.randrange(100)}", "label": "summer" if 4 <= month <= 9 else "winter"}


def colours(rng: random.Random, folder: Path) -> Iterator[Row]:
    """The colour of a noisy square decides."""
    from PIL import Image

    for k in range(150):
        label = rng.choice(list(COLOURS))
        noise = np.random.default_rng(rng.randrange(2**32)).normal(0, 40, (24, 24, 3))
        pixels = np.clip(np.array(COLOURS[label]) + noise, 0, 255).astype("uint8")
        Image.fromarray(pixels).save(folder / f"{k}.png")
        yield {"photo": f"{k}.png", "price": f"{rng.uniform(1, 9):.2f}", "label": label}


def missing(rng: random.Random, folder: Path) -> Iterator[Row]:
    """Of two columns that both decide, one is often empty."""
    for _ in range(300):
        label = rng.choice(["gold", "tin"])
        kind, number = f"{label} ware", f"{rng.gauss(9 if label == 'gold' else -9, 1):.2f}"
        gap = rng.randrange(3)
        yield {"ware": "" if gap == 1 else kind, "value": "" if gap == 2 else number, "label": label}


def labels(rng: random.Random, folder: Path) -> Iterator[Row]:
    """Several labels, a word for each, beside a number."""
    for _ in range(300):
        chosen = [label for label in MARKS if rng.random() < 0.5] or ["login"]
        text = " ".join(words(rng, MARKS[label]) for label in chosen)
        yield {"message": text, "age": f"{rng.randrange(18, 80)}", "label": "|".join(chosen)}


def regress(rng: random.Random, folder: Path) -> Iterator[Row]:
    """A sum of numbers."""
    for _ in range(300):
        a, b = rng.gauss(0, 1), rng.gauss(0, 1)
        yield {"a": f"{a:.3f}", "b": f"{b:.3f}", "shop": rng.choice("xyz"), "label": f"{3 * a - b:.3f}"}


TABLES: dict[str, Callable[[random.Random, Path], Iterator[Row]]] = {
    "iris": bundled("iris", range(4)),
    "wine": bundled("wine", range(13)),
    "breast_cancer": bundled("breast_cancer", range(8)),
    "digits": digits,
    "category": category,
    "threshold": threshold,
    "two_numbers": two_numbers,
    "word": word,
    "one_text": one_text,
    "two_texts": two_texts,
    "dates": dates,
    "colours": colours,
    "missing": missing,
    "labels": labels,
    "regress": regress,
}


def write_tables(name: str, seed: int, folder: Path) -> None:
    """train.csv, and new.csv with the rows that no training sees."""
    rng = random.Random(f"{name} {seed}")
    rows = list(TABLES[name](rng, folder))
    rng.shuffle(rows)
    n_new = int(NEW * len(rows))
    for file_name, part in (("new.csv", rows[:n_new]), ("train.csv", rows[n_new:])):
        with (folder / file_name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(part)


def run_commands(checkout: Path, folder: Path, flags: Sequence[str]) -> dict[str, float]:
    """Train, export and predict in one process with the checkout's code: command -> seconds.

    What they print is appended to `log.txt` of the folder.
    """
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        command = [sys.executable, "-c", COMMANDS, *flags]
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log, check=False)
    if not (folder / "predicted.csv").exists():
        sys.exit(f"{folder.name}: a command has failed: {folder / 'log.txt'}")
    return dict(json.loads((folder / "seconds.json").read_text(encoding="utf-8")))


def read_rows(path: Path) -> list[Row]:
    """A CSV's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def of_new_rows(folder: Path) -> dict[str, Any]:
    """Accuracy on the new rows, and probabilities of right and wrong answers; {} for numbers."""
    predicted, truth = read_rows(folder / "predicted.csv"), [row["label"] for row in read_rows(folder / "new.csv")]
    if "probability" not in predicted[0]:
        return {}
    answers = [row["prediction"] for row in predicted]
    right = np.array([set(a.split("|")) == set(t.split("|")) for a, t in zip(answers, truth, strict=True)])
    probability = np.array([float(p["probability"]) for p in predicted])
    of_wrong = probability[~right]
    return {
        "new": float(right.mean()),
        "right": float(probability[right].mean()) if right.any() else None,
        "wrong": float(of_wrong.mean()) if len(of_wrong) else None,
        "surest_wrong": float(of_wrong.max()) if len(of_wrong) else None,
        "n_wrong": len(of_wrong),
    }


def worst_difference(result: dict[str, Any]) -> float | None:
    """The largest difference of an artefact from the model: on all rows, without some columns, in each signature."""
    parts = [result, *result.get("missing_modalities", []), *result.get("signatures_checked", {}).values()]
    return max((part["largest_difference"] for part in parts if "largest_difference" in part), default=None)


def measure(name: str, seed: int, checkout: Path, folder: Path) -> dict[str, Any]:
    """Train, export, predict the new rows; the figures of the table's line. Ends the program if a command breaks."""
    write_tables(name, seed, folder)
    task = ["--task", "multilabel"] if name == "labels" else []
    flags = ["--target", "label", *task, "--seed", str(seed)]
    seconds = run_commands(checkout, folder, flags)
    exported = next(f for f in (folder / "exported", folder / "exported.rejected") if (f / "verify.json").exists())
    artefacts = json.loads((exported / "verify.json").read_text(encoding="utf-8"))["artefacts"]
    metrics = json.loads((folder / "run" / "metrics.json").read_text(encoding="utf-8"))
    return {
        "table": name,
        "seed": seed,
        "held_out": metrics["validation"]["score"],
        "held_out_rows": metrics["validation"]["rows"],
        "temperature": metrics.get("calibration", {}).get("temperature"),
        **of_new_rows(folder),
        "differences": {artefact: worst_difference(result) for artefact, result in artefacts.items()},
        "passed": all(result["passed"] for result in artefacts.values()),
        "seconds": seconds,
    }


def line(r: dict[str, Any]) -> str:
    """A table's line in Markdown."""

    def cell(key: str, digits: int) -> str:
        return "–" if r.get(key) is None else f"{r[key]:.{digits}f}"

    seconds = f"{r['seconds']['train']:.0f} + {r['seconds']['export']:.0f}"
    apart = " ".join("–" if d is None else f"{d:.0e}" for d in r["differences"].values())
    cells = [
        *(f"{r['table']} ({r['seed']})", f"{cell('held_out', 3)} of {r['held_out_rows']}", cell("new", 3)),
        *(cell("temperature", 3), cell("right", 3), cell("wrong", 3), cell("surest_wrong", 6)),
        *(apart, "verified" if r["passed"] else "REJECTED", seconds),
    ]
    return f"| {' | '.join(cells)} |"


HEAD = """| table (seed) | held out | new rows | temperature | P right | P wrong | surest wrong | differences | | s |
|---|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    """Measure each table; print its line at once, and write the JSON after each."""
    parser = argparse.ArgumentParser(description="Easy tables: exported, and errors unsure?")
    parser.add_argument("--tables", nargs="*", default=list(TABLES), choices=list(TABLES), metavar="NAME")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--checkout", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "easy_tables.json")
    parser.add_argument("--keep", type=Path, help="keep the runs in this folder")
    arguments = parser.parse_args()
    results: list[dict[str, Any]] = []
    print(HEAD)
    for name in arguments.tables:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (arguments.keep or Path(scratch)) / f"{name}-{arguments.seed}"
            folder.mkdir(parents=True)
            results.append(measure(name, arguments.seed, arguments.checkout, folder))
        print(line(results[-1]), flush=True)
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(results, indent=2), encoding="utf-8")
    sure_and_wrong = [r["table"] for r in results if (r.get("surest_wrong") or 0) >= 0.9999995]
    rejected = [r["table"] for r in results if not r["passed"]]
    print(f"{len(results) - len(rejected)} of {len(results)} verified; wrong with probability 1: {sure_and_wrong}")
    sys.exit(bool(rejected or sure_and_wrong))


if __name__ == "__main__":
    main()
