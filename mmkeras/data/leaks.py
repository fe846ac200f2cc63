"""Columns that know the target: another spelling of it, another label of the rows, the split, or one that decides it.

A model that has such a column is right on held-out rows and wrong on new ones, where the column is absent or empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.cells import one_line, to_floats

FEWEST: Final = 20
PURE: Final = 0.995
"""Share of the rows whose target the value of one column tells, where it decides the target."""
REPEATED: Final = 0.8
"""Share of the rows whose value also stands in another row: else any column of names would decide the target."""
ALIKE: Final = 0.9999
"""Correlation of a number with the target that it is a copy of."""
_SPLIT_NAME: Final = re.compile(
    r"(data_?)?(split|set|subset|fold|partition|part|usage|phase|is_?train|is_?test|train_?test(_?split)?)(_?name|_?type)?",
    re.IGNORECASE,
)
SPLITS: Final = {
    **dict.fromkeys(("train", "training", "tr", "learn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "development", "eval"), "validation"),
    **dict.fromkeys(("test", "testing", "te", "holdout", "hold-out", "held-out", "heldout"), "test"),
}
"""Cell of a column that names the split, in lower case -> the split."""
_LABEL_WORDS: Final = frozenset(
    (
        *("label", "labels", "target", "class", "classes", "category", "topic", "y", "outcome", "truth", "gold"),
        *("answer", "annotation", "prediction", "predicted", "pred", "result", "klasse", "ground", "coarse", "fine"),
    )
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


@dataclass(frozen=True)
class Leak:
    """A column that knows the target. reason: the end of a sentence. left_out: it is ignored unless named."""

    reason: str
    left_out: bool


def find_leak(
    name: str, cells: pd.Series, kind: str, target: str, target_cells: pd.Series, target_kind: str
) -> Leak | None:
    """What an input column gives away; None for an ordinary one.

    cells, target_cells: '' where missing; numbers in Python's notation. kind, target_kind: of both columns.
    """
    if splits := names_split(name, cells):
        return Leak(f"it names the split of each row ({splits}); to hold its rows out: --split-column {name!r}", True)
    both = ((cells != "") & (target_cells != "")).to_numpy(dtype=bool)
    if both.sum() < FEWEST:
        return None
    values, targets = cells[both], target_cells[both]
    if target_kind == "number":
        return _of_number(name, values, kind, target, targets)
    if target_kind != "category" or kind not in ("text", "category", "number", "date"):
        return None
    return _of_class(name, values, kind, target, targets)


def names_split(name: str, cells: pd.Series) -> str:
    """The splits that a column names, such as `train, val, test`; '' for another column."""
    values = [str(value) for value in cells.unique() if str(value).strip()]
    known = [value for value in values if value.strip().lower() in SPLITS]
    if not 2 <= len(values) <= 6 or len(known) < len(values):
        called_so = _SPLIT_NAME.fullmatch(name) and {value.lower() for value in values} <= {"0", "1", "true", "false"}
        is_flag = name.lower().replace("_", "") in ("istrain", "istest", "isval", "isvalidation")
        return ", ".join(values) if called_so and is_flag and len(values) == 2 else ""
    return ", ".join(values)


def _of_number(name: str, values: pd.Series, kind: str, target: str, targets: pd.Series) -> Leak | None:
    """A number that is the target in other units."""
    if kind != "number":
        return None
    x, y = to_floats(values), to_floats(targets)
    known = ~(np.isnan(x) | np.isnan(y))
    if known.sum() < FEWEST or not (np.ptp(x[known]) > 0 and np.ptp(y[known]) > 0):
        return None
    correlation = float(np.corrcoef(x[known], y[known])[0, 1])
    if abs(correlation) < ALIKE:
        return None
    return Leak(f"it alone tells the target {target!r} (correlation {correlation:.5f})", related(name, target))


def _of_class(name: str, values: pd.Series, kind: str, target: str, targets: pd.Series) -> Leak | None:
    """A column whose values each have one class, or of which each class is one interval."""
    classes = targets.nunique()
    if classes < 2 or targets.value_counts(normalize=True).iloc[0] > PURE:
        return None
    repeated, pure = _tells(values, targets)
    shown = f"{one_line(values.iloc[0], 24)!r} is always {one_line(targets.iloc[0], 24)!r}"
    if repeated >= REPEATED and pure >= PURE:
        return Leak(f"its value alone tells the target {target!r} ({shown})", related(name, target))
    if kind == "number" and _intervals(to_floats(values), targets) == classes:
        return Leak(f"a threshold of it alone tells the target {target!r}", False)
    return None


def _tells(values: pd.Series, targets: pd.Series) -> tuple[float, float]:
    """Share of the rows whose value also stands in another row, and of those that have their value's usual class."""
    value, target = (pd.factorize(cells.str.strip())[0].astype("int64") for cells in (values, targets))
    rows = np.bincount(value)
    pairs, counts = np.unique(value * (target.max() + 1) + target, return_counts=True)
    usual = np.zeros(len(rows), dtype=np.int64)
    np.maximum.at(usual, pairs // (target.max() + 1), counts)
    return float(rows[rows > 1].sum() / len(value)), float(usual.sum() / len(value))


def _intervals(numbers: np.ndarray, targets: pd.Series) -> int:
    """Number of runs of equal classes along the numbers; 0 where a number is missing or of two classes."""
    order = np.lexsort((targets.to_numpy(dtype=str), numbers))
    sorted_numbers, classes = numbers[order], targets.to_numpy(dtype=str)[order]
    if np.isnan(sorted_numbers).any():
        return 0
    changes = classes[1:] != classes[:-1]
    if np.any(changes & (sorted_numbers[1:] == sorted_numbers[:-1])):
        return 0
    return int(changes.sum()) + 1


def related(name: str, target: str) -> bool:
    """Do two names speak of the same label: label_text and label, class_id and class_name, target and outcome?"""
    words, others = _words(name), _words(target)
    if _LABEL_WORDS & words and (_LABEL_WORDS & others or words & others):
        return True
    return bool(others) and others < words  # season and season_name


def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name))
