"""A file -> rows of strings: CSV, JSON lines, JSON, a fastText file or Parquet, each told by what it holds."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from mmkeras.config.data import Dialect
from mmkeras.config.json_file import config_from_dict
from mmkeras.data.encoding.charset import Charset, choose_encoding
from mmkeras.data.files.csv_cells import LARGE
from mmkeras.data.files.csv_table import read_csv
from mmkeras.data.files.fasttext import PREFIX, read_fasttext
from mmkeras.data.files.json_records import read_json
from mmkeras.data.files.packed import LONGEST_BEGIN, packing_of
from mmkeras.data.files.parquet import parquet_rows
from mmkeras.data.files.source import BadRow, Source
from mmkeras.data.files.standard_input import STDIN, StandardInput
from mmkeras.data.files.unpack import unpack
from mmkeras.data.files.ways_to_write import is_table
from mmkeras.errors import InputError
from mmkeras.system.file_bytes import FileBytes

__all__ = ["BadRow", "Dialect", "Source", "dialect_of", "read_source"]

PARQUET: Final = (".parquet", ".pq")
# Text files of another kind: how they begin, and what they are.
_OTHER_KINDS: Final = (
    (
        r"<(!doctype|html|table|head|body)\b",
        "a web page (HTML), as some programs call .xls. Open it and save it as CSV",
    ),
    (r"<\?xml|<[\w:]+[^<>\n]*>\s*<", "XML. Save it as CSV"),
    (r"@relation\b", "a file of Weka (ARFF). Save it as CSV"),
    (r"\{\\rtf", "a rich text document. Save it as CSV"),
)


def dialect_of(reading: Mapping[str, Any]) -> Dialect:
    """Fields of a Dialect by name, as keywords of Python. Raises InputError for an unknown name or a wrong type."""
    for name in reading:
        if name not in (known := list(vars(Dialect()))):
            near = difflib.get_close_matches(name, known, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{name!r}: there is no such argument.{hint} Of the file: {', '.join(known)}.")
    dialect: Dialect = config_from_dict(dict(reading), "the arguments", Dialect)
    return dialect


def read_source(
    path: str | Path | StandardInput, dialect: Dialect | None = None, expected: Sequence[str] = ()
) -> Source:
    """Read a table (plain or packed) as strings; 'NA' and 'null' are ordinary text.

    dialect: its None values are detected, and all of it without one. With a delimiter the file is read as CSV.
    expected: names of columns that the file ought to have; they tell a header from a row.
    Raises InputError when the file does not exist, is not a table, or holds bytes that are not text.
    """
    name, dialect = str(path), dialect or Dialect()
    unpacked = unpack(path.content if isinstance(path, StandardInput) else _load(Path(path)), name)
    raw = unpacked.raw
    if not raw.strip():
        raise InputError(f"{name}: expected a header and rows, but it is empty ({len(raw)} bytes).")
    if isinstance(raw, bytes) and raw.startswith(b"PAR1"):
        return with_notes(parquet_rows(raw, name), unpacked.notes)
    if name.lower().endswith(PARQUET):
        raise InputError(f"{name}: expected Parquet, but it does not begin with 'PAR1'. If it is a CSV, rename it.")
    charset = choose_encoding(raw, dialect.encoding, name)
    source = _read_text(raw, charset, dialect, name, expected)
    return with_notes(source, (*unpacked.notes, *([charset.note] if charset.note else [])))


def with_notes(source: Source, notes: tuple[str, ...]) -> Source:
    """The source with further notes before its own."""
    return dataclasses.replace(source, notes=(*notes, *source.notes)) if notes else source


def _read_text(
    raw: bytes | FileBytes, charset: Charset, dialect: Dialect, name: str, expected: Sequence[str]
) -> Source:
    """The rows of a text file. Raises InputError for a kind of text that is no table."""
    head = raw[:4096].decode(charset.encoding, "ignore").lstrip("\ufeff \t\r\n")
    if kind := of_other_kind(head):
        raise InputError(f"{name}: expected a table, but this is {kind}.")
    if head.startswith(("{", "[", PREFIX)) and dialect.delimiter is None:
        text = raw.decode(charset.encoding, "mmkeras.undecodable")
        source = read_json(text, charset.encoding, name) or read_fasttext(text, charset.encoding, name)
        if source is not None:
            return source
    return read_csv(raw, charset.encoding, charset.clean, dialect, name, expected)


def of_other_kind(head: str) -> str:
    """What a text is by its beginning, if it is no table; else ''."""
    return next((kind for pattern, kind in _OTHER_KINDS if re.match(pattern, head, re.IGNORECASE)), "")


def _load(path: Path) -> bytes | FileBytes:
    """The bytes of the file. Raises InputError for a folder and for a file that is absent or cannot be read."""
    if str(path) == STDIN and not path.exists():
        raise InputError(
            "-: only `predict` and `generate --csv` read standard input. Save the rows in a file, and name it."
        )
    if path.is_dir():
        inside = sorted(p.name for p in path.iterdir() if is_table(p.name))
        hint = f" It holds {', '.join(inside[:5])}." if inside else ""
        raise InputError(f"{path}: expected a CSV or Parquet file, received a folder.{hint} Name a file.")
    if path.is_char_device() or path.is_block_device():  # /dev/zero has no end; a pipe has one, and is read to it
        raise InputError(f"{path}: expected a CSV or Parquet file, received a device. Name a file.")
    try:
        if path.is_file() and path.stat().st_size >= LARGE:
            raw = FileBytes(path)
            if not packing_of(raw[:LONGEST_BEGIN]) and not raw.startswith(b"PAR1"):
                return raw
        return path.read_bytes()
    except FileNotFoundError:
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, 1)
        hint = f"Did you mean {path.parent / near[0]}?" if near else "Check the path."
        raise InputError(f"{path}: there is no such file. {hint}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}.") from None
