"""The columns of a table as the sparse matrix of a linear model, by scikit-learn: fitted on the training rows alone.

A text: TF-IDF of words and pairs; of characters and pairs where the texts have no spaces. A category: one-hot. A number
or a date: standardised, a missing one as the mean, with a column that marks it. Pictures and clips are left out.
"""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from mmkeras.data.dates.calendar import ISO, reader
from mmkeras.graph import InputSpec

LOOKED_AT: Final = 1000
"""Training texts, evenly spaced, that tell whether words are written with spaces between them."""
WITHOUT_SPACES: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0edf\u1000-\u109f\u1780-\u17ff]")
"""Kana, Han, Thai, Lao, Burmese, Khmer."""
RATHER_CHARACTERS: Final = 0.5
"""Share of these characters from which a column is read by characters."""
LETTER: Final = re.compile(r"\w")
MIN_ROWS: Final = 2


class Part(Protocol):
    """One column: `fit` on training cells and `transform` cells, list[str] -> a sparse matrix [n, features]."""

    def fit(self, cells: Sequence[str]) -> Any: ...

    def transform(self, cells: Sequence[str]) -> Any: ...


class Words:
    """A text by TF-IDF. No feature where no n-gram occurs in two training rows."""

    def __init__(self, characters: bool) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer  # late: only a training's end needs it

        how = {"analyzer": "char"} if characters else {"token_pattern": r"\w+"}
        self.tfidf: Any = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=MIN_ROWS, **how)

    def fit(self, cells: Sequence[str]) -> Any:
        try:
            return self.tfidf.fit_transform(cells)
        except ValueError:  # an empty vocabulary
            self.tfidf = None
            return self.transform(cells)

    def transform(self, cells: Sequence[str]) -> Any:
        from scipy.sparse import csr_matrix

        return csr_matrix((len(cells), 0)) if self.tfidf is None else self.tfidf.transform(cells)


class OneHot:
    """A category, or nothing where a value is new."""

    def __init__(self) -> None:
        from sklearn.preprocessing import OneHotEncoder

        self.encoder = OneHotEncoder(handle_unknown="ignore")

    def fit(self, cells: Sequence[str]) -> Any:
        return self.encoder.fit_transform(_column(cells))

    def transform(self, cells: Sequence[str]) -> Any:
        return self.encoder.transform(_column(cells))


class Standardised:
    """A number, or a day, in standard deviations from the mean; and whether it is missing."""

    def __init__(self, notation: str | None) -> None:
        self.notation = notation

    def fit(self, cells: Sequence[str]) -> Any:
        values = self._values(cells)
        known = values[np.isfinite(values)]
        self.mean = float(known.mean()) if len(known) else 0.0
        self.deviation = float(known.std()) or 1.0 if len(known) else 1.0
        return self._matrix(values)

    def transform(self, cells: Sequence[str]) -> Any:
        return self._matrix(self._values(cells))

    def _matrix(self, values: np.ndarray) -> Any:
        from scipy.sparse import csr_matrix

        missing = ~np.isfinite(values)
        scaled = np.where(missing, 0.0, (values - self.mean) / self.deviation)
        return csr_matrix(np.stack([scaled, missing.astype("float64")], axis=1))  # [n, 2]

    def _values(self, cells: Sequence[str]) -> np.ndarray:
        if self.notation is None:
            return np.array([_number(cell) for cell in cells], "float64")
        read = reader(self.notation)
        return np.array([_days(read(cell.strip())) for cell in cells], "float64")


def _column(cells: Sequence[str]) -> np.ndarray:
    return np.array([cell.strip() for cell in cells], dtype=object)[:, None]  # [n] -> [n, 1]


def _number(cell: str) -> float:
    return float(cell) if cell.strip() else np.nan


def _days(date: str | None) -> float:
    """`YYYY-MM-DD[ HH:MM]` or `HH:MM` -> days; NaN for None."""
    if date is None:
        return np.nan
    day, time = (date[:10], date[11:]) if "-" in date else ("1970-01-01", date)
    hours, minutes = (time.split(":") if time else ("0", "0"))[:2]
    return datetime.date.fromisoformat(day).toordinal() + int(hours) / 24 + int(minutes) / 1440


def without_spaces(cells: Sequence[str]) -> bool:
    """Are most letters of the texts of scripts that write no spaces between words?"""
    some = "".join(cells[k][:200] for k in np.linspace(0, len(cells) - 1, min(len(cells), LOOKED_AT)).astype(int))
    return len(WITHOUT_SPACES.findall(some)) > RATHER_CHARACTERS * max(len(LETTER.findall(some)), 1)


def part_of(spec: InputSpec, cells: Sequence[str]) -> Part | None:
    """The part of a column; None for a kind that a linear model does not read. cells: of the training rows."""
    kind = spec["kind"]
    if kind == "text":
        return Words(without_spaces(cells))
    if kind == "category":
        return OneHot()
    if kind in ("number", "date"):
        return Standardised((spec.get("notation") or ISO) if kind == "date" else None)
    return None


def matrices(specs: Sequence[InputSpec], train: pd.DataFrame, held_out: pd.DataFrame) -> tuple[Any, Any]:
    """The training rows and the held-out rows as sparse matrices [n, features], fitted on the former."""
    from scipy.sparse import csr_matrix, hstack

    parts: list[tuple[Any, Any]] = [(csr_matrix((len(train), 0)), csr_matrix((len(held_out), 0)))]
    for spec in specs:
        cells = train[str(spec["column"])].tolist()
        part = part_of(spec, cells)
        if part is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # such as of categories that are new
                parts.append((part.fit(cells), part.transform(held_out[str(spec["column"])].tolist())))
    learned, asked = zip(*parts, strict=True)
    return hstack(learned, "csr"), hstack(asked, "csr")
