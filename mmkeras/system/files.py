"""Files that are whole or not there: written under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A temporary name to write to, with the suffix of `path`, which it becomes when the block ends well.

    A reader never sees half of the file; when the block fails, the file is as it was before.
    """
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file as a whole."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON as a whole."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: str | Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV (UTF-8, LF) under a temporary name, then rename: the file is whole or as it was before.

    What `pandas.read_csv` and `csv.reader` read of it is what was given, line ends of every kind in the cells included.
    """
    partial = Path(f"{path}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(_EndedByLF(file)).writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _EndedByLF:
    """A file whose rows end with LF, for a csv.writer that ends them with CRLF.

    Told to write LF, the csv module of Python 3.11 leaves a cell with a bare CR unquoted, and every reader
    takes that CR for the end of the row.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> None:
        """Write what csv.writer hands over: one whole row with its end."""
        self.file.write(row.removesuffix("\r\n") + "\n")
