"""Several labels in a cell as people write them: `a|b`, `a; b`, `a, b`, `['a', 'b']`; or a column of 0 and 1 a label.

A column of labels has one notation. `Table.rows` has the cells as `cells.fold_labels` writes them.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from mmkeras.data.values.cells import LABEL_SIGN, NO_LABEL, fold_space, is_empty
from mmkeras.data.values.identity import key_of

LIST: Final = "['a', 'b']"
FLAGS: Final = "0/1"
MARKED: Final = "x/"
"""Flags that are marked where they hold, and empty where they do not."""
SIGNS: Final = {"a|b": "|", "a;b": ";", "a,b": ","}
"""Notation -> its separator, the surer one first."""
LEAST_SHARE: Final = {"|": 0.01, ";": 0.01, ",": 0.05}
"""Share of the cells that have a separator if it separates labels; commas also stand in names of classes."""
LONGEST: Final = 60
"""Characters of a label in a list; more are a sentence."""
TRUE: Final = frozenset(
    (
        *("1", "1.0", "true", "yes", "y", "t", "x", "+", "on", "ja", "j", "oui", "vrai", "si", "sí", "sì", "sim"),
        "wahr",
        *("wahr", "да", "tak", "ano", "kyllä", "是", "はい", "✓", "✔"),
    )
)
FALSE: Final = frozenset(
    (
        *("0", "0.0", "false", "no", "n", "f", "-", "off", "nein", "non", "faux", "não", "nao", "falsch", "нет", "nie"),
        *("ne", "nej", "ei", "否", "いいえ", "✗", "✘"),
    )
)
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_NUMPY: Final = re.compile(rf"\[\s*(?:{_QUOTED.pattern})(?:\s+(?:{_QUOTED.pattern}))+\s*\]")
_LISTS: Final = re.compile(r"[\[({]\s*(['\"{\])}]|set\(|[^\]]*,)|\[\s*-?\d+\s*\]")
"""Begins a list that is no class in brackets, such as [B-PER]: a quote, an object, a comma, a number, or nothing."""
_NAME_KEYS: Final = ("name", "label", "tag", "title", "category", "class", "value", "text")
"""Keys of the label in a list of objects, as databases export them: `[{"id": 3, "name": "drama"}]`."""


def labels_in(cell: str, notation: str, column: str = "") -> str:
    """The labels of a cell, joined with `|`; NO_LABEL for an empty list or a flag that is 0; '' for an empty cell.

    column: the name of a column of flags, which is the label.
    """
    cell = cell.strip()
    if notation == MARKED and not cell:
        return NO_LABEL
    if not cell or notation in (FLAGS, MARKED):
        return "" if cell.lower() not in TRUE | FALSE else _safe(column) if cell.lower() in TRUE else NO_LABEL
    if (notation == LIST and _is_list(cell)) or (cell[0] == "[" and cell[-1] == "]"):
        labels = _listed(cell)
        return LABEL_SIGN.join(sorted({*labels} - {""})) or NO_LABEL
    parts = cell.split(SIGNS.get(notation, LABEL_SIGN))
    return LABEL_SIGN.join(sorted({_safe(part) if notation != "a|b" else fold_space(part) for part in parts} - {""}))


def _safe(label: str) -> str:
    """A label in which `|` cannot be taken for the separator."""
    return fold_space(label.replace(LABEL_SIGN, "/"))


def _listed(cell: str) -> list[str]:
    """The labels of a list in the syntax of JSON, Python or NumPy, or of bare words in brackets."""
    # NumPy leaves out the commas, which Python would read as one text
    spaced = bool(_NUMPY.fullmatch(cell))
    for parse in () if spaced else (json.loads, ast.literal_eval):
        try:
            values = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(values, list | tuple | set):
            return [_safe(_label_of(value)) for value in values if value is not None]
        if values == {}:
            return []
    if spaced:
        return [_safe(found[1:-1]) for found in _QUOTED.findall(cell)]
    return [_safe(part.strip(" '\"")) for part in cell[1:-1].split(",")]


def _label_of(value: Any) -> str:
    """An element of a list as a label: itself, or the name of an object."""
    if isinstance(value, dict):
        return str(next((value[key] for key in _NAME_KEYS if key in value), next(iter(value.values()), "")))
    return str(value)


def _is_list(value: str) -> bool:
    """Does a cell hold a list of Python or JSON, a tuple or a set?"""
    return len(value) > 1 and value[0] + value[-1] in ("[]", "()", "{}")


def are_marked(cells: pd.Series) -> bool:
    """Is a column of flags empty where they do not hold: are all its filled cells true, and some empty?"""
    empty = is_empty(cells)
    return bool(empty.any()) and {str(value).strip().lower() for value in cells[~empty].unique()} <= TRUE


def is_flags(cells: pd.Series) -> bool:
    """Is a column of 0 and 1, or true and false? Empty cells do not count."""
    values = {str(value).strip().lower() for value in cells[~is_empty(cells)].unique()}
    return bool(values & TRUE or values & FALSE) and values <= TRUE | FALSE


def find_notation(cells: pd.Series) -> str:
    """The notation of cells that hold several labels; '' where each cell is one class. cells: not empty."""
    values = [str(value).strip() for value in cells.unique()]
    if not values:
        return ""
    if all(map(_is_list, values)) and any(_LISTS.match(value) for value in values):
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
    label_sets = [set(map(key_of, labels_in(value, notation).split(LABEL_SIGN))) - {"", NO_LABEL} for value in values]
    if any(len(label) > LONGEST for labels in label_sets for label in labels):
        return False
    n_cells = Counter(label for labels in label_sets for label in labels)
    combined = {label for labels in label_sets if len(labels) > 1 for label in labels}
    recurring = sum(n_cells[label] > 1 for label in combined)
    return 2 * recurring > len(combined)


def count_labels(cells: Iterable[str], notation: str) -> int:
    """Number of different labels."""
    return len({label for cell in set(cells) for label in labels_in(cell, notation).split(LABEL_SIGN)} - {"", NO_LABEL})
