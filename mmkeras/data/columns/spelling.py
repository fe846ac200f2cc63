"""The classes of one table in the spelling of another: `1.0` in the held-out rows is the `1` of the training rows."""

from __future__ import annotations

import dataclasses

import pandas as pd

from mmkeras.data.table import Table
from mmkeras.data.values.identity import spelled_alike, usual_spellings


def spelled_as(table: Table, other: Table) -> Table:
    """The table `other` with its classes and categories spelled as in `table`."""
    rows = other.rows.copy(deep=False)
    for column in other.columns:
        if column.kind == "category":
            usual = usual_spellings(table.rows[column.name])
            rows[column.name] = pd.Series(spelled_alike(rows[column.name], usual), rows.index, dtype=object)
    return dataclasses.replace(other, rows=rows)
