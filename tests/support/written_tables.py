"""Tables of made-up columns, written as CSV and read as `train` reads them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.table import Table, read_table

N = 200
WORDS = [
    "house",
    "garden",
    "street",
    "river",
    "hill",
    "wood",
    "sky",
    "sun",
    "rain",
    "wind",
    "salt",
    "bread",
    "milk",
    "apple",
    "pear",
    "table",
    "chair",
    "window",
    "roof",
]


def texts(n: int = N, words: int = 8, seed: int = 0) -> list[str]:
    """Sentences without a meaning, all different."""
    rng = random.Random(seed)
    return [f"{' '.join(rng.choices(WORDS, k=words))} {k}x" for k in range(n)]


def numbers(low: float, high: float, n: int = N, seed: int = 1) -> list[float]:
    """Numbers drawn from a range."""
    rng = random.Random(seed)
    return [rng.uniform(low, high) for _ in range(n)]


def chosen(*values: str, n: int = N, seed: int = 2) -> list[str]:
    """Values drawn with equal chances."""
    rng = random.Random(seed)
    return [rng.choice(values) for _ in range(n)]


def with_odd(cells: Iterable[Any], *odd: str) -> list[str]:
    """The cells, some of which are replaced by odd ones, spread over the rows."""
    changed = [str(cell) for cell in cells]
    for k, cell in enumerate(odd):
        changed[(k * 37 + 5) % len(changed)] = cell
    return changed


def read(folder: Path, columns: dict[str, list[Any]], delimiter: str = ",", **flags: Any) -> Table:
    """The table of these columns, as `train` reads it."""
    path = write(folder / "table.csv", columns, delimiter)
    config = Config.of(csv=str(path), **flags)
    return read_table(config.data, config.model.task)


def write(path: Path, columns: dict[str, list[Any]], delimiter: str = ",") -> Path:
    """Write columns of equal length as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def column(table: Table, name: str) -> Column:
    """A column of a table, used or not."""
    return next(c for c in (*table.columns, *table.ignored) if c.name == name)


def notes_on(table: Table, name: str) -> str:
    """What the notes say of a column."""
    return " ".join(note for note in table.notes if repr(name) in note)


def input_column(folder: Path, cells: list[Any], name: str = "x", **options: Any) -> tuple[Table, Column]:
    """A column of these cells beside another input and a target; the table, and the column as it is read."""
    columns = {
        name: cells,
        "other": numbers(0, 1, len(cells)),
        "label": chosen("good", "bad", "fair", n=len(cells), seed=9),
    }
    table = read(folder, columns, **options)
    return table, column(table, name)
