"""validation.csv of a run, as the rows that travel with its artefacts are taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from mmkeras.errors import InputError
from mmkeras.modalities.adapt import reading
from mmkeras.runs.integrity import check_digests


def read_held_out(folder: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The held-out rows of a run. columns: those of the inputs. Raises InputError for a damaged file."""
    path = folder / "validation.csv"
    check_digests(folder, held_out=True)
    with reading(path):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    absent = [name for name in columns if name not in rows]
    if absent or not len(rows):
        raise InputError(f"{path}: it has no rows, or no column {', '.join(absent)}. Train again.")
    return rows
