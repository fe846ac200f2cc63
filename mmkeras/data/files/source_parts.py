"""The contents of a large file as strings, a part after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from mmkeras.data.files.source import Source

CHARACTERS: Final = 2**23
"""Of the cells of a part at most, whatever its rows are: long texts come in smaller parts."""


@dataclass(frozen=True)
class SourceParts:
    """A large file. head: what is known of it, without rows. count: its rows, malformed ones too.

    parts: called with the rows of a part, an iterator over all parts; each is a Source with its rows and those of the
    malformed rows that are among them.
    """

    head: Source
    count: int
    parts: Callable[[int], Iterator[Source]]


def in_bounds(rows: Iterable[tuple[int, Any]], size: int) -> Iterator[list[tuple[int, Any]]]:
    """Rows in parts of `size`, or of fewer where they hold more than CHARACTERS. A row: its line, its cells."""
    part: list[tuple[int, Any]] = []
    characters = 0
    for row in rows:
        part.append(row)
        characters += sum(map(len, row[1])) if isinstance(row[1], list) else 0
        if len(part) == size or characters > CHARACTERS:
            yield part
            part, characters = [], 0
    if part:
        yield part
