"""Several labels in a cell as people write them: `a|b`, `a; b`, `a, b`, `['a', 'b']`; or a column of 0 and 1 a label.

A column of labels has one notation. `Table.rows` has the cells as `cells.fold_labels` writes them.
"""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import pandas as pd

from mmkeras.data.cells import LABEL_SIGN, NO_LABEL, fold_space, is_empty

LIST: Final = "['a', 'b']"
FLAGS: Final = "0/1"
SIGNS: Final = {"a|b": "|", "a;b": ";", "a,b": ","}
"""Notation -> its separator, the surer one first."""
LEAST_SHARE: Final = {"|": 0.01, ";": 0.01, ",": 0.05}
"""Share of the cells that have a separator if it separates labels; commas also stand in names of classes."""
LONGEST: Final = 60
"""Characters of a label in a list; more are a sentence."""
TRUE: Final = frozenset(("1", "1.0", "true", "yes", "y", "t", "x"))
FALSE: Final = frozenset(("0", "0.0", "false", "no", "n", "f"))


def labels_in(cell: str, notation: str, column: str = "") -> str:
    """The labels of a cell, joined with `|`; NO_LABEL for an empty list or a flag that is 0; '' for an empty cell.

    column: the name of a column of flags, which is the label.
    """
    cell = cell.strip()
    if not cell or notation == FLAGS:
        return "" if cell.lower() not in TRUE | FALSE else _safe(column) if cell.lower() in TRUE else NO_LABEL
    if notation == LIST or (cell[0] == "[" and cell[-1] == "]"):
        labels = _listed(cell)
        return LABEL_SIGN.join(sorted({*labels} - {""})) or NO_LABEL
    parts = cell.split(SIGNS.get(notation, LABEL_SIGN))
    return LABEL_SIGN.join(sorted({_safe(part) if notation != "a|b" else fold_space(part) for part in parts} - {""}))


def _safe(label: str) -> str:
    """A label in which `|` cannot be taken for the separator."""
    return fold_space(label.replace(LABEL_SIGN, "/"))


def _listed(cell: str) -> list[str]:
    """The labels of a list in the syntax of JSON or Python, or of bare words in brackets."""
    for parse in (json.loads, ast.literal_eval):
        try:
            values = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(values, list | tuple | set):
            return [_safe(str(value)) for value in values if value is not None]
    return [_safe(part.strip(" '\"")) for part in cell[1:-1].split(",")]


def is_flags(cells: pd.Series) -> bool:
    """Is a column of 0 and 1, or true and false? Empty cells do not count."""
    values = {str(value).strip().lower() for value in cells[~is_empty(cells)].unique()}
    return bool(values & TRUE or values & FALSE) and values <= TRUE | FALSE


def find_notation(cells: pd.Series) -> str:
    """The notation of cells that hold several labels; '' where each cell is one class. cells: not empty."""
    values = [str(value).strip() for value in cells.unique()]
    if not values:
        return ""
    if all(value.startswith("[") and value.endswith("]") for value in values):
        return LIST
    return next((notation for notation, sign in SIGNS.items() if _are_lists(cells, values, notation, sign)), "")


def likeliest_notation(cells: pd.Series) -> str:
    """The notation of cells that are said to hold labels, though they may not combine freely."""
    counts = Counter({notation: int(cells.str.contains(sign, regex=False).sum()) for notation, sign in SIGNS.items()})
    notation, count = counts.most_common(1)[0]
    return find_notation(cells) or (notation if count else "a|b")


def _are_lists(cells: pd.Series, values: Sequence[str], notation: str, sign: str) -> bool:
    """Do labels combine freely: do most of those that share a cell with others also occur in a different cell?

    In `Arts|Music` and `Arts|Film`, which are paths in a tree, only the trunks do.
    """
    if cells.str.contains(sign, regex=False).sum() < max(2, LEAST_SHARE[sign] * len(cells)):
        return False
    label_sets = [set(labels_in(value, notation).split(LABEL_SIGN)) - {"", NO_LABEL} for value in values]
    if any(len(label) > LONGEST for labels in label_sets for label in labels):
        return False
    n_cells = Counter(label for labels in label_sets for label in labels)
    combined = {label for labels in label_sets if len(labels) > 1 for label in labels}
    recurring = sum(n_cells[label] > 1 for label in combined)
    return 2 * recurring > len(combined)


def count_labels(cells: Iterable[str], notation: str) -> int:
    """Number of different labels."""
    return len({label for cell in set(cells) for label in labels_in(cell, notation).split(LABEL_SIGN)} - {"", NO_LABEL})
