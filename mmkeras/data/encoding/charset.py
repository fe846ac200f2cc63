"""The character encoding of a file, and the bytes that are not text in that encoding."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from typing import Any, Final

from mmkeras.data.encoding.guess import guess_encoding
from mmkeras.data.encoding.words import sample_words
from mmkeras.errors import InputError
from mmkeras.system.file_bytes import FileBytes

UNDECODABLE: Final = "\udcff"
"""Replaces undecodable bytes in decoded text: a lone surrogate, which no strict decoder ever returns."""

_SAMPLE: Final = 1 << 16
# The order matters: the byte order mark of UTF-32 begins with that of UTF-16.
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY: Final = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"PK\x03\x04", "an Excel workbook (.xlsx) or another Office document. Save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls). Save the sheet as CSV"),
    (b"%PDF", "a PDF document"),
    (b"SQLite", "an SQLite database"),
    (b"RIFF", "a WAV or WebP file"),
    (b"7z\xbc\xaf", "a 7z archive. Unpack it"),
    (b"Rar!", "a RAR archive. Unpack it"),
)
_JIS: Final = re.compile(rb"\x1b\$[@B]")  # ISO-2022-JP: the only encoding here that is ASCII alone, byte by byte
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
# Above this share of undecodable characters the encoding is wrong; below it, single rows are damaged.
_WRONG_ENCODING: Final = 0.2


def _replace_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error("mmkeras.undecodable", _replace_undecodable)


def decoded_lines(raw: bytes | FileBytes, encoding: str) -> io.TextIOWrapper:
    """The lines with their line ends, decoded one by one; UNDECODABLE replaces bytes that are not text."""
    stream: Any = io.BytesIO(raw) if isinstance(raw, bytes) else raw.stream()
    return io.TextIOWrapper(stream, encoding=encoding, errors="mmkeras.undecodable", newline="")


@dataclass(frozen=True)
class Charset:
    """The encoding that a file is read with."""

    encoding: str
    clean: bool
    """Whether every byte is text in this encoding."""
    note: str
    """A sentence when the encoding is a guess; else ''."""


def choose_encoding(raw: bytes | FileBytes, requested: str | None, path: str) -> Charset:
    """The encoding to read a file with: the requested one, the one that the file's first bytes name, or a guess.

    raw: the whole file, not empty.
    requested: the encoding that the user names; None to detect it.
    Raises InputError when the file is binary, the encoding unknown, or too many bytes are not text in the encoding.
    """
    bom_encoding = next((codec for bom, codec in _BOMS if raw.startswith(bom)), None)
    note = ""
    if requested is not None:
        name = _look_up(requested)
    elif bom_encoding:
        name = bom_encoding
    else:
        name, note = _detect(raw, path)
    if bom_encoding and (bom_encoding.startswith(name) or name.startswith(bom_encoding)):
        name = bom_encoding  # "utf-8" for a file with a byte order mark: the mark is no part of the first cell
    elif name in ("utf-16", "utf-32"):  # without a byte order mark Python reads these whole, but not line by line
        name = _utf16_without_mark(raw) or name + "-le"
    share, line, byte = _undecodable(raw, name)
    wide = name.startswith(("utf-16", "utf-32"))
    plausible = b"\0" in raw[:_SAMPLE] if wide else not _is_binary(raw)
    if share <= _WRONG_ENCODING and plausible:
        return Charset(name, share == 0, note)
    other = bom_encoding or _detect(raw, path)[0]
    hint = f"It looks like {other}: leave out --encoding" if other != name else "Give the right one: --encoding NAME"
    what = f"byte 0x{byte:02X} on line {line} does" if share else "the bytes do"
    raise InputError(f"{path}: expected text in the encoding {name}, but {what} not fit. {hint}.")


def _look_up(requested: str) -> str:
    """Python's name of an encoding. Raises InputError for an unknown encoding."""
    try:
        name = codecs.lookup(requested).name
        io.TextIOWrapper(io.BytesIO(), encoding=name).close()  # refuses codecs that make no text, such as hex
        if name in ("idna", "punycode", "undefined"):
            raise LookupError(name)
    except (LookupError, ValueError):
        raise InputError(
            f"--encoding {requested}: there is no such encoding. Usual names: utf-8, gb18030, utf-16, cp1252, big5, "
            "shift_jis. Leave it out to have it detected."
        ) from None
    return name


def _detect(raw: bytes | FileBytes, path: str) -> tuple[str, str]:
    """The most likely encoding of a file without a byte order mark, and a sentence if it is a guess ('' if not).

    Raises InputError for a binary file.
    """
    if wide := _utf16_without_mark(raw):
        return wide, _as_note(wide, "it has NUL bytes between the letters, but no byte order mark")
    if _is_binary(raw):
        what = next(
            (what for magic, what in _BINARY if raw.startswith(magic)), "no text: it holds NUL or control bytes"
        )
        raise InputError(f"{path}: expected a CSV or Parquet file, but this is {what}.")
    if raw.isascii():
        return ("iso2022_jp", _as_note("iso2022_jp", "escape codes of Japanese")) if _has_jis(raw) else ("utf-8", "")
    if _is_utf8(raw):
        return "utf-8", ""
    words = sample_words(raw)
    share = _undecodable(b"\n".join(words), "utf-8")[0]
    # Where the sample leaves no doubt, the slow count over the whole file is spared.
    if share <= 0.05 or (share <= 0.5 and _undecodable(raw, "utf-8")[0] <= _WRONG_ENCODING):
        return "utf-8", ""
    guess = guess_encoding(words)
    return guess.encoding, _as_note(guess.encoding, guess.why())


def _has_jis(raw: bytes | FileBytes) -> bool:
    if isinstance(raw, bytes):
        return _JIS.search(raw) is not None
    return any(_JIS.search(piece) for _, piece in raw.pieces(overlap=2))


def _is_utf8(raw: bytes | FileBytes) -> bool:
    if not isinstance(raw, bytes):
        return raw.decodes("utf-8")
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_note(encoding: str, why: str) -> str:
    return f"Encoding {encoding} is a guess ({why}). To change it: --encoding NAME."


def _utf16_without_mark(raw: bytes | FileBytes) -> str:
    """`utf-16-le` or `utf-16-be` if the beginning of the file decodes as such; '' if not."""
    head = raw[: min(_SAMPLE, len(raw) // 2 * 2)]
    for name in ("utf-16-le", "utf-16-be") if b"\0" in head else ():
        text = head.decode(name, "ignore")
        # The other byte order turns "\n" into U+0A00 and "," into U+2C00, so plain ASCII signs decide.
        if "\0" not in text and len(text) > 0.45 * len(head) and any(sign in text for sign in "\n,;\t|"):
            return name
    return ""


def _undecodable(raw: bytes | FileBytes, encoding: str) -> tuple[float, int, int]:
    """Share of the non-ASCII characters that cannot be decoded; line and value of the first undecodable byte."""
    if not isinstance(raw, bytes):
        if raw.decodes(encoding):
            return 0.0, 0, 0
        raw = bytes(raw[:])
    try:
        raw.decode(encoding)
        return 0.0, 0, 0
    except UnicodeDecodeError as error:
        before, byte = error.object[: error.start], error.object[error.start]
        line = before.decode(encoding, "ignore").count("\n") + 1
    text = raw.decode(encoding, "replace")  # in C; the error handler above is a Python call for every byte
    return text.count("\ufffd") / (len(text) - len(text.encode("ascii", "ignore"))), line, byte


def _is_binary(raw: bytes | FileBytes) -> bool:
    """Whether the beginning holds too many control characters for text (a few stray ones are allowed)."""
    head = raw[:_SAMPLE]
    return len(head) - len(head.translate(None, _CONTROL)) > 0.02 * len(head)
