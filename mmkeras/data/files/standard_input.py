"""A table that comes through a pipe: `-` in place of a file's name."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Final

from mmkeras.errors import InputError

STDIN: Final = "-"


@dataclass(frozen=True)
class StandardInput:
    """The bytes of a table that is no file. name: what the messages call it."""

    raw: bytes
    name: str = "standard input"

    def __str__(self) -> str:
        return self.name


def read_standard_input() -> StandardInput:
    """All bytes of standard input, which can be read once. Raises InputError where there is none."""
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError("standard input: it is closed. Name a file, or send rows through a pipe.")
    if stream.isatty():
        print("reading rows from the terminal; Ctrl-D ends them", file=sys.stderr)
    return StandardInput(stream.read())
