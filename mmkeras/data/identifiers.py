"""Columns that cannot help a prediction: one value in every row, or a name of the row."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.cells import to_floats

# A running number with or without a prefix (17, A-17, row_17), a long hexadecimal number, a UUID.
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z]{0,8}[-_:#]?\d+|(?=.*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_IDENTIFIER_NAME: Final = re.compile(r"(^|[^a-z])(id|ids|uuid|guid|idx|index|key|no|nr|row)$|^unnamed", re.IGNORECASE)


def why_useless(name: str, cells: pd.Series, kind: str) -> str:
    """Why a column cannot help a prediction, as the end of a sentence; '' for a column that may."""
    values = cells.unique()
    if len(values) == 1:
        return f"every row has the same value ({' '.join(values[0][:40].split())!r})"
    if len(values) < len(cells) or kind not in ("text", "number", "category"):
        return ""
    if kind != "number":
        identifies = all(_IDENTIFIER.fullmatch(value) for value in values)
    else:
        # Prices may all differ as well: only whole numbers called an id, or without gaps, identify rows.
        numbers = to_floats(cells)
        whole = bool(np.all(numbers == np.floor(numbers)))  # False where a number is missing
        gapless = whole and numbers.max() - numbers.min() == len(numbers) - 1
        identifies = gapless or (whole and bool(_IDENTIFIER_NAME.search(name)))
    return "every row has a different value, so it only names the row" if identifies else ""
