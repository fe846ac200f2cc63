"""The easy tables: four that come with scikit-learn, and eleven that are generated."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Row = dict[str, str]
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
