"""Atomic file writes: under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import csv
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path to write to, with the suffix of `path`; renamed to `path` when the block succeeds.

    A reader never sees half of the file; when the block fails, the file stays as it was before.
    """
    partial = path.with_name(f"{path.stem}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: str | Path, rows: Iterable[Sequence[object]]) -> None:
    """Write rows as CSV (UTF-8, LF) atomically.

    `pandas.read_csv` and `csv.reader` read back exactly these rows, including line ends of every kind in the cells.
    """
    partial = Path(f"{path}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(_EndedByLF(file)).writerows(rows)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


class _EndedByLF:
    """A file that ends rows with LF, for a csv.writer that ends them with CRLF.

    With lineterminator="\n" the csv module of Python 3.11 leaves a cell with a bare CR unquoted, and every reader
    takes that CR for the end of the row.
    """

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def write(self, row: str) -> None:
        """Write one row; csv.writer passes whole rows, each with its CRLF."""
        self.file.write(row.removesuffix("\r\n") + "\n")
