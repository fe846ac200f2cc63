"""A Parquet file -> rows of strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mmkeras.data.files.csv_columns import column_names
from mmkeras.data.files.json_records import column_values
from mmkeras.data.files.source import Source
from mmkeras.data.files.unpack import read_parquet
from mmkeras.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

_INDEX: Final = "__index_level_0__"
"""What pandas calls the index of a frame that has no column for it."""


def parquet_rows(raw: bytes, path: str) -> Source:
    """A Parquet file's columns as strings: nulls become '', lists of strings or whole numbers `a|b`."""
    return source_of(read_parquet(raw, path), path)


def source_of(table: pa.Table, path: str, before: int = 0, empty: bool = False) -> Source:
    """The rows of a file, or some of them. before: rows that stand before them. empty: there may be none."""
    import pyarrow as pa  # late: 60 MB that most runs never need

    notes = []
    if _INDEX in table.column_names and table.num_columns > 1:
        table = table.drop_columns([_INDEX])
        notes.append("The index that pandas wrote is left out.")
    header = column_names(table.column_names, path, "utf-8")
    for i, name in enumerate(header):
        if not name or name in header[:i]:
            what = f"is named {name!r} like another one" if name else "has no name"
            raise InputError(f"{path}: column {i + 1} of {len(header)} {what}. Rename it.")
    if not table.num_rows and not empty:
        raise InputError(f"{path}: it has columns ({', '.join(header)}) but no rows.")
    cells = {name: _cells(column, name, path, pa) for name, column in zip(header, table.columns, strict=True)}
    lines = np.arange(before + 1, before + table.num_rows + 1, dtype=np.int64)
    numbers = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    kinds = zip(header, table.schema.types, strict=True)
    unquoted = frozenset(name for name, kind in kinds if any(is_kind(kind) for is_kind in numbers))
    frame = pd.DataFrame(cells, dtype=object)
    typed = frozenset(name for name, kind in zip(header, table.schema.types, strict=True) if _is_typed(kind, pa))
    return Source(path, "utf-8", "", frame, lines, (), tuple(notes), "Parquet", unquoted=unquoted, typed=typed)


def _is_typed(kind: Any, pa: Any) -> bool:
    """Does a column hold numbers or dates, whose notation is known?"""
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_timestamp, pa.types.is_date)
    return any(is_kind(kind) for is_kind in kinds)


def _cells(column: Any, name: str, path: str, pa: Any) -> list[str]:
    """The cells of a column as strings. Raises InputError for bytes, and for other lists."""
    kind = column.type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    labels = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
    if lists and any(is_kind(kind.value_type) for is_kind in labels):
        return column_values([cell and [part for part in cell if part is not None] for cell in column.to_pylist()])
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise InputError(f"{path}: column {name!r}: expected text or numbers, received {kind}. Take it out.")
    return ["" if cell is None else cell for cell in column.cast(pa.string()).to_pylist()]
