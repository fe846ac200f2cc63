"""The cells that stand for a missing value: one list for every kind of column, inputs and targets alike."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # a client reads one cell without pandas
    import numpy as np

MARKS: Final = (
    *("NA", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>", "nan", "NaN", "NAN", "-nan", "-NaN", "NaT"),
    *("None", "NULL", "null", "Null", "\\N", "--", "---", "?", "-"),
    *("#NULL!", "#VALUE!", "#REF!", "#DIV/0!", "#NAME?", "#NUM!"),
)
"""As programs write them, beside the empty cell. Case counts: `none` may be an answer, `None` is Python's."""
ALSO_IN_NUMBERS: Final = (".", "..", "n.a.", "none", "nil", "missing", "unknown", "not available", "k.a.", "k. a.")
"""Further marks in columns of numbers and dates, where no word is a value and case does not count."""


@functools.lru_cache(4096)
def marks_of(missing: tuple[str, ...], not_missing: tuple[str, ...], kind: str) -> frozenset[str]:
    """The marks of a column of a kind, stripped: MARKS, those of --missing, without those of --not-missing.

    For numbers and dates the marks are casefolded, and cells are to be.
    """
    marks = {*MARKS, *(mark.strip() for mark in missing)} - {mark.strip() for mark in not_missing}
    if kind not in ("number", "date"):
        return frozenset(marks - {""})
    excepted = {mark.strip().casefold() for mark in not_missing}
    return frozenset({mark.casefold() for mark in (*marks, *ALSO_IN_NUMBERS)} - excepted - {""})


def are_missing(texts: Sequence[str], marks: frozenset[str], kind: str) -> np.ndarray:
    """Bool [n]: the texts, without white space around them, that are empty or one of the marks of `marks_of`."""
    import numpy as np

    if kind in ("number", "date"):  # of what begins or ends with a digit there is no other case
        longest, digits = max(map(len, marks), default=0), "0123456789"
        missing = [
            not text
            or text in marks
            or (text[0] not in digits and text[-1] not in digits and len(text) <= longest and text.casefold() in marks)
            for text in texts
        ]
    else:
        missing = [not text or text in marks for text in texts]
    return np.array(missing, dtype=bool)
