"""A large file of JSON lines as parts: its columns are told by a first reading, which keeps no rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from mmkeras.data.files.json_records import Columns, decoded, source_of
from mmkeras.data.files.source import Source
from mmkeras.data.files.source_parts import SourceParts, in_bounds
from mmkeras.data.files.streams import Stream, Text

LOOKED_AT = 5  # lines, of which one at least is an object


def json_parts(stream: Stream, text: Text) -> SourceParts | None:
    """The parts of a file of objects, one a line; None for any other JSON, which is read as a whole."""
    encoding = text.charset.encoding
    first = [decoded(line) for (_, line), _ in zip(_lines(stream, encoding), range(LOOKED_AT), strict=False)]
    if not any(isinstance(value, dict) for value in first):
        return None
    columns, count = Columns(), 0
    for _, line in _lines(stream, encoding):
        count += 1
        if isinstance(value := decoded(line), dict):
            columns.flat(value)
    if not columns.kept or count < 2:
        return None
    unquoted = columns.unquoted
    head = Source(
        path=stream.name,
        encoding=encoding,
        delimiter="",
        rows=pd.DataFrame({name: [] for name in columns.kept}, dtype=object),
        lines=np.empty(0, dtype=np.int64),
        malformed=(),
        notes=columns.notes("JSON lines"),
        format="JSON lines",
        unquoted=unquoted,
        typed=unquoted,
    )

    def parts(size: int) -> Iterator[Source]:
        for part in in_bounds(_lines(stream, encoding), size):
            values = ((line, decoded(text)) for line, text in part)
            source = source_of(values, encoding, stream.name, "JSON lines", columns)
            yield dataclasses.replace(source, notes=head.notes)

    return SourceParts(head, count, parts)


def _lines(stream: Stream, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1."""
    lines = enumerate(stream.lines(encoding, "\n"), 1)
    return ((i, line.lstrip("\ufeff") if i == 1 else line) for i, line in lines if line.strip())
