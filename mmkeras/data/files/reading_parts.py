"""A large file -> its rows of strings in parts, told by what it holds as `reading.read_source` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmkeras.config.data import Dialect
from mmkeras.data.files.csv_parts import csv_parts
from mmkeras.data.files.fasttext import PREFIX
from mmkeras.data.files.json_parts import json_parts
from mmkeras.data.files.parquet_parts import parquet_parts
from mmkeras.data.files.reading import PARQUET, of_other_kind
from mmkeras.data.files.source import Source
from mmkeras.data.files.source_parts import SourceParts
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.streams import stream_of, text_of


def read_parts(
    path: str | Path | StandardInput, dialect: Dialect | None, expected: Sequence[str]
) -> SourceParts | None:
    """The parts of a large file; None for one that is read as a whole: a small one, a JSON array, one that is at fault.

    dialect, expected: as of `read_source`. Raises InputError as `read_source` does, for some of what is wrong.
    """
    dialect = dialect or Dialect()
    stream = stream_of(path)
    if stream is None:
        return None
    with stream.open() as file:
        begin = file.read(4)
    if begin == b"PAR1":
        return None if stream.packing else parquet_parts(stream)
    if stream.name.lower().endswith(PARQUET):
        return None
    text = text_of(stream, dialect.encoding)
    encoding = text.charset.encoding
    head = text.head.decode(encoding, "ignore").lstrip("\ufeff \t\r\n")
    if not head or of_other_kind(head):
        return None
    if head.startswith(("[", PREFIX)) and dialect.delimiter is None:
        return None
    is_json = head.startswith("{") and dialect.delimiter is None
    parts = json_parts(stream, text) if is_json else csv_parts(stream, text, dialect, expected)
    return parts and with_notes(parts, (*stream.notes, *([text.charset.note] if text.charset.note else [])))


def with_notes(parts: SourceParts, notes: tuple[str, ...]) -> SourceParts:
    """The parts with further notes before their own."""
    if not notes:
        return parts

    def noted(size: int) -> Iterator[Source]:
        return (dataclasses.replace(part, notes=(*notes, *part.notes)) for part in parts.parts(size))

    head = dataclasses.replace(parts.head, notes=(*notes, *parts.head.notes))
    return dataclasses.replace(parts, head=head, parts=noted)
