"""Atomic file writes: under a temporary name, then renamed."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from mmkeras.errors import InputError
from mmkeras.system.outputs import refuse_special
from mmkeras.system.temporary import temporary

BLOCK: Final = 1024
"""Rows of a CSV that are written at a time."""


@contextlib.contextmanager
def atomic_write(path: Path, new: bool = False) -> Iterator[Path]:
    """A temporary path to write to, with the suffix of `path`; renamed to `path` when the block succeeds.

    A reader never sees half of the file; when the block fails, the file stays as it was before.
    new: the file must not be there. Raises InputError where it has come meanwhile, and where `path` is a device, a pipe
    or a link.
    """
    partial = temporary(path, suffix=path.suffix)
    try:
        yield partial
        refuse_special(path)  # just before: it may have changed since the command began
        if new:
            _put_new(partial, path)
        else:
            with contextlib.suppress(OSError):
                shutil.copymode(path, partial)  # of the file that is replaced: a private one stays private
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _put_new(partial: Path, path: Path) -> None:
    """Give a file its name, unless that is taken; then keep the file under a free name and raise InputError."""
    try:
        os.link(partial, path)  # unlike a rename, it fails where the name is taken
    except FileExistsError:
        kept = next(name for k in itertools.count(2) if not (name := path.with_stem(f"{path.stem}-{k}")).exists())
        partial.replace(kept)
        raise InputError(
            f"{path}: it was written by someone else meanwhile, and is left alone. This command's is kept as {kept}."
        ) from None
    except OSError:  # a file system without hard links
        partial.replace(path)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write indented JSON atomically."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: str | Path | TextIO, rows: Iterable[Sequence[object]], new: bool = False) -> None:
    """Write rows as CSV (UTF-8, LF) atomically, or to a stream. new: as of `atomic_write`.

    `pandas.read_csv` and `csv.reader` read back exactly these rows, including line ends of every kind in the cells.
    """
    if not isinstance(path, str | Path):
        write_rows(path, rows)
        path.flush()
        return
    with atomic_write(Path(path), new) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        write_rows(file, rows)


def write_rows(file: TextIO, rows: Iterable[Sequence[object]], delimiter: str = ",") -> None:
    """Write rows as CSV that ends them with LF and leaves no cell unquoted that would end a row; BLOCK at a time."""
    rows = iter(rows)
    while block := list(itertools.islice(rows, BLOCK)):
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(block)
        if "\r" in text.getvalue():
            csv.writer(_EndedByLF(file), delimiter=delimiter).writerows(block)
        else:
            file.write(text.getvalue())


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
