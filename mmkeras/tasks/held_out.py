"""validation.csv of a run, as the rows that travel with its artefacts are taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.errors import InputError
from mmkeras.modalities.adapt import reading
from mmkeras.runs.integrity import check_digests

FILE: Final = "validation.csv"
MOST_ROWS: Final = 20_000
MOST_BYTES: Final = 6_000_000
"""Of validation.csv: a long row costs 12 KiB where an artefact is compared, so that 3,000 of 2 kB are 36 MB."""
PIECE: Final = 1_000  # rows that are read at once


def read_held_out(folder: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The held-out rows of a run. columns: those of the inputs. Raises InputError for a damaged file."""
    path = folder / FILE
    check_digests(folder, held_out=True)
    with reading(path):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    return _checked(rows, path, columns)


def read_sample(folder: Path, columns: Sequence[str], most: int = MOST_ROWS) -> tuple[pd.DataFrame, int]:
    """Evenly spaced held-out rows of a run, and the number of all. columns: those of the inputs.

    All rows where they are at most `most` and at most MOST_BYTES in the file; a larger file is read in pieces. Raises
    InputError for a damaged file.
    """
    path = folder / FILE
    size = path.stat().st_size if path.is_file() else 0
    if size <= MOST_BYTES:
        rows = read_held_out(folder, columns)
        index = _spaced(len(rows), most)
        return rows.iloc[index], len(rows)
    check_digests(folder, held_out=True)
    with reading(path):
        count = sum(map(len, pd.read_csv(path, dtype=str, keep_default_na=False, usecols=[0], chunksize=PIECE)))
        index = _spaced(count, min(most, max(1, count * MOST_BYTES // size)))
        kept = []
        for piece in pd.read_csv(path, dtype=str, keep_default_na=False, chunksize=PIECE):
            kept.append(piece[piece.index.isin(index)])
    return _checked(pd.concat(kept), path, columns), count


def _spaced(count: int, most: int) -> np.ndarray:
    """Numbers of at most `most` of `count` rows: the first, the last and others between them."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)


def _checked(rows: pd.DataFrame, path: Path, columns: Sequence[str]) -> pd.DataFrame:
    absent = [name for name in columns if name not in rows]
    if absent or not len(rows):
        raise InputError(f"{path}: it has no rows, or no column {', '.join(absent)}. Train again.")
    return rows
