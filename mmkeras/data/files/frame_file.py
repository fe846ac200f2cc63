"""The file that records a DataFrame: a training on a frame reads it, and whoever opens the run finds its rows."""

from __future__ import annotations

import contextlib
import datetime
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mmkeras.data.files.parquet import parquet_rows
from mmkeras.data.files.source import Source
from mmkeras.errors import InputError
from mmkeras.system.files import atomic_write
from mmkeras.system.outputs import refuse_special

MARK: Final = b"mmkeras:frame"
"""Key of the file's metadata: a file without it is somebody's own, and is never replaced."""


@contextlib.contextmanager
def recorded(source: Source, overwrite: bool) -> Iterator[None]:
    """A frame's rows as the Parquet file `source.path`, for a training in the block, and from then on.

    After an InputError in the block the file is as it was before. Raises InputError where the file holds other rows
    and is not to be overwritten, or is no file of a frame.
    """
    path = Path(source.path)
    refuse_special(path)
    before = path.read_bytes() if path.is_file() else None
    if before is not None and has_rows(path, source):
        yield
        return
    if before is not None and (not overwrite or not is_of_frame(before)):
        what = "other rows than the frame" if is_of_frame(before) else "something else than a frame's rows"
        remedy = "Replace it with overwrite=True, or choose" if is_of_frame(before) else "Choose"
        raise InputError(
            f"{path}: the frame's rows are kept in this file, and it holds {what}. {remedy} another output=."
        )
    _write(path, parquet_of(source))
    try:
        yield
    except InputError:
        path.unlink(missing_ok=True)
        if before is not None:
            _write(path, before)
        raise


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path}: the frame cannot be written there ({error.strerror}). Choose output=.") from None


def has_rows(path: Path, source: Source) -> bool:
    """Does a file of a frame hold the same columns and cells?"""
    if not is_of_frame(path.read_bytes()):
        return False
    name, content = source.path, path.read_bytes()
    rows, now = parquet_rows(content, name).rows, parquet_rows(parquet_of(source), name).rows
    return list(rows.columns) == list(now.columns) and bool(rows.equals(now))


def is_of_frame(content: bytes) -> bool:
    """Was a file written by `parquet_of`?"""
    return content.startswith(b"PAR1") and MARK in content


def parquet_of(source: Source) -> bytes:
    """A frame's rows as a Parquet file, which `read_source` reads to the same cells."""
    import pyarrow as pa  # late: 60 MB that most runs never need
    import pyarrow.parquet as pq

    try:
        columns = {name: _column(source, name, pa) for name in map(str, source.rows)}
        table = pa.table(columns).replace_schema_metadata({MARK: b"1"})
        sink = io.BytesIO()
        pq.write_table(table, sink)
    except (UnicodeEncodeError, pa.ArrowException) as error:
        raise InputError(f"{source.path}: the frame cannot be written as Parquet ({error}).") from None
    return sink.getvalue()


def _column(source: Source, name: str, pa: Any) -> Any:
    """A column as texts; numbers and dates as such where their texts stay the same, or the same minute."""
    cells = [cell or None for cell in source.rows[name]]
    texts = pa.array(cells, pa.string())
    if name not in source.typed:
        return texts
    with contextlib.suppress(ValueError, pa.ArrowException):
        moments = [cell and datetime.datetime.fromisoformat(cell) for cell in cells]
        if all(len(cell) == 10 for cell in cells if cell):
            return pa.array([moment and moment.date() for moment in moments], pa.date32())
        return pa.array(moments, pa.timestamp("s"))
    for kind in (pa.int64(), pa.float64()):
        with contextlib.suppress(pa.ArrowException):
            numbers = texts.cast(kind)
            if numbers.cast(pa.string()).equals(texts):
                return numbers
    return texts
