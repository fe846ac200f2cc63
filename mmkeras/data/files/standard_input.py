"""A table that comes through a pipe: `-` in place of a file's name."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mmkeras.errors import InputError

STDIN: Final = "-"


@dataclass(frozen=True)
class StandardInput:
    """The bytes of a table that is no file. name: what the messages call it."""

    raw: bytes
    name: str = "standard input"
    kept: Path | None = None
    """The file that holds a large table in place of `raw`, while it is read."""

    def __str__(self) -> str:
        return self.name

    @property
    def content(self) -> bytes:
        """All of its bytes."""
        return self.raw if self.kept is None else self.kept.read_bytes()


def read_standard_input() -> StandardInput:
    """All bytes of standard input, which can be read once. Raises InputError where there is none."""
    return StandardInput(_stream().read())


@contextlib.contextmanager
def kept_standard_input(large: int) -> Iterator[StandardInput]:
    """As `read_standard_input`; what is longer than `large` bytes is kept in a temporary file during the block."""
    stream = _stream()
    head = stream.read(large)
    if len(head) < large:
        yield StandardInput(head)
        return
    with tempfile.TemporaryDirectory(prefix="mmkeras-") as folder:
        path = Path(folder) / "rows"
        try:
            with path.open("wb") as file:
                file.write(head)
                shutil.copyfileobj(stream, file, 2**20)
        except OSError as error:
            raise InputError(
                f"standard input: it cannot be kept in {folder} while it is read ({error.strerror}). Set TMPDIR, or "
                "save the rows in a file and name it."
            ) from None
        yield StandardInput(b"", kept=path)


def _stream() -> IO[bytes]:
    """Standard input as bytes. Raises InputError where there is none."""
    stream: IO[bytes] | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError("standard input: it is closed. Name a file, or send rows through a pipe.")
    if stream.isatty():
        print("reading rows from the terminal; Ctrl-D ends them", file=sys.stderr)
    return stream
