"""A text file, or a text column of a table, as lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmkeras.config.data import Data
from mmkeras.data.columns.column import Column
from mmkeras.data.files.unpack import unpack
from mmkeras.data.targets.target_tokenizer import EOS, TargetTokenizer
from mmkeras.errors import InputError

LONGEST_FILE = 2**31  # bytes


def read_lines(path: str | Path) -> list[str]:
    """The lines of a UTF-8 text file, plain or packed; a blank line is '': EOS alone, as published word counts have it.

    Raises InputError for a file that is absent, empty, too large or not UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such text file. Give the path of one, in UTF-8.")
    if path.stat().st_size > LONGEST_FILE:
        raise InputError(f"{path}: expected at most 2 GiB of text; split the file.")
    raw = unpack(path.read_bytes(), path).raw
    if len(raw) > LONGEST_FILE:
        raise InputError(f"{path}: expected at most 2 GiB of text; it unpacks to more. Split the file.")
    try:
        text = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: expected UTF-8, received the byte {error.object[error.start]:#x}. Save it as UTF-8."
        ) from None
    lines = [line if line.strip() else "" for line in text.removesuffix("\n").split("\n")]
    if not any(lines):
        raise InputError(f"{path}: expected lines of text, received none. Give a file with text.")
    return lines


def read_texts(data: Data) -> tuple[list[str], list[str]]:
    """Training lines and held-out lines: the latter from `validation`, else the last `test_size` of the file.

    A line is a line of a text file, or a cell of the column `text`.
    """
    if not data.text_file and len(data.text) != 1:
        raise InputError(
            "--task language_model: expected a text. Name a file, --text-file train.txt, or one text column of a "
            "table: train.csv --text column"
        )
    lines = read_corpus(source_of(data), data)
    if data.validation:
        return lines, read_corpus(data.validation, data)
    held_out = max(1, round(len(lines) * data.test_size))
    if not any(lines[:-held_out]) or not any(lines[-held_out:]):
        raise InputError(f"{source_of(data)}: {len(lines)} lines are too few to hold some out. Give --validation.")
    return lines[:-held_out], lines[-held_out:]


def source_of(data: Data) -> str:
    """The file that holds the training text."""
    return data.text_file or data.csv


def read_corpus(path: str, data: Data) -> list[str]:
    """The lines of a text file, or the cells of a table's text column, each on one line; blank cells are left out."""
    if data.text_file:
        return read_lines(path)
    from mmkeras.data.table import read_rows  # late: pandas, which a text file does not need

    (name,) = data.text
    table = read_rows(
        path,
        [Column(name, "text", "input")],
        dialect=data,
        keep_all=False,
        max_bad_rows=1.0,  # an empty cell is no fault here
    )
    return [" ".join(cell.splitlines()) for cell in table.rows[name] if cell.strip()]


def as_stream(lines: Sequence[str], tokenizer: TargetTokenizer) -> np.ndarray:
    """int32 [n]: the tokens of all lines, EOS behind each line."""
    return np.array([token for line in lines for token in (*tokenizer.encode(line), EOS)], "int32")
