"""Which character encoding a file is in, and which of its bytes cannot be read in it."""

from __future__ import annotations

import codecs
import io
from typing import Final

from mmkeras.errors import InputError

MARK: Final = "\udcff"
"""Stands in decoded text for bytes that are no text: a lone surrogate, which no strict decoder ever returns."""

_SAMPLE: Final = 1 << 16
# The order matters: UTF-32's mark begins with UTF-16's.
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
    (b"PK\x03\x04", "a zip archive or an Excel workbook (.xlsx). Save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls). Save the sheet as CSV"),
    (b"%PDF", "a PDF document"),
    (b"SQLite", "an SQLite database"),
    (b"RIFF", "a WAV or WebP file"),
    (b"\xfd7zXZ", "an .xz archive. Unpack it"),
    (b"BZh", "a .bz2 archive. Unpack it"),
    (b"(\xb5/\xfd", "a .zst archive. Unpack it"),
)
# Told by their marks or NUL bytes before; left in, they fit many short texts by chance.
_NO_CANDIDATES: Final = ("utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be")
_CONTROL: Final = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))
# Above this share of unreadable characters the encoding is wrong; below it, single rows are damaged.
_WRONG_ENCODING: Final = 0.2


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return MARK, error.end


codecs.register_error("mmkeras.mark", _mark)


def decoded_lines(raw: bytes, encoding: str) -> io.TextIOWrapper:
    """The lines with their ends, decoded as they are asked for; MARK stands for what cannot be."""
    return io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, errors="mmkeras.mark", newline="")


def choose_encoding(raw: bytes, given: str | None, path: str) -> tuple[str, bool]:
    """The encoding to read with, and whether every byte is text in it.

    raw: the whole file, not empty.
    given: what the user says it is; None to detect.
    Raises InputError when the file is binary, the encoding unknown, or too many bytes are not text in it.
    """
    marked = next((codec for bom, codec in _BOMS if raw.startswith(bom)), None)
    name = marked or _detect(raw, path) if given is None else _look_up(given)
    if marked and (marked.startswith(name) or name.startswith(marked)):
        name = marked  # "utf-8" for a file with a byte order mark: the mark is no part of the first cell
    elif name in ("utf-16", "utf-32"):  # without a mark Python reads these whole, but not line by line
        name = _utf16_without_mark(raw) or name + "-le"
    share, line, byte = _undecodable(raw, name)
    wide = name.startswith(("utf-16", "utf-32"))
    plausible = b"\0" in raw[:_SAMPLE] if wide else not _is_binary(raw)
    if share <= _WRONG_ENCODING and plausible:
        return name, share == 0
    other = marked or _detect(raw, path)
    hint = f"It looks like {other}: leave out --encoding" if other != name else "Give the right one: --encoding NAME"
    what = f"byte 0x{byte:02X} on line {line} does" if share else "the bytes do"
    raise InputError(f"{path}: expected text in the encoding {name}, but {what} not fit. {hint}.")


def _look_up(given: str) -> str:
    """Python's name of an encoding. Raises InputError when there is none."""
    try:
        name = codecs.lookup(given).name
        io.TextIOWrapper(io.BytesIO(), encoding=name).close()  # refuses codecs that make no text, such as hex
        if name in ("idna", "punycode", "undefined"):
            raise LookupError(name)
    except (LookupError, ValueError):
        raise InputError(
            f"--encoding {given}: there is no such encoding. Usual names: utf-8, gb18030, utf-16, cp1252, big5, "
            "shift_jis. Leave it out to have it detected."
        ) from None
    return name


def _detect(raw: bytes, path: str) -> str:
    """UTF-16 without a mark, UTF-8, or what charset-normalizer says. Raises InputError for a binary file."""
    if wide := _utf16_without_mark(raw):
        return wide
    if _is_binary(raw):
        what = next(
            (what for magic, what in _BINARY if raw.startswith(magic)), "no text: it holds NUL or control bytes"
        )
        raise InputError(f"{path}: expected a CSV or Parquet file, but this is {what}.")
    if _undecodable(raw, "utf-8")[0] <= _WRONG_ENCODING:
        return "utf-8"
    return _ask_charset_normalizer(raw, path)


def _utf16_without_mark(raw: bytes) -> str:
    """`utf-16-le` or `utf-16-be` if the beginning reads as such; '' if not."""
    head = raw[: min(_SAMPLE, len(raw) // 2 * 2)]
    for name in ("utf-16-le", "utf-16-be") if b"\0" in head else ():
        text = head.decode(name, "ignore")
        # The other byte order turns "\n" into U+0A00 and "," into U+2C00, so plain ASCII signs tell.
        if "\0" not in text and len(text) > 0.45 * len(head) and any(sign in text for sign in "\n,;\t|"):
            return name
    return ""


def _ask_charset_normalizer(raw: bytes, path: str) -> str:
    import charset_normalizer  # late: most files are UTF-8

    # Lines can be judged one by one: no encoding left here has the byte 0x0A inside a character.
    telling = [line for line in raw[: 64 * _SAMPLE].split(b"\n") if not line.isascii()]
    chinese = [line for line in telling if _undecodable(line, "gb18030")[0] == 0]
    if len(chinese) > 0.9 * len(telling):
        telling = chinese  # so that a few damaged lines do not rule it out
    sample = b"\n".join(telling)
    cut = sample.rfind(b"\n", 0, _SAMPLE)
    sample = sample[:cut] if cut > 0 and len(sample) > _SAMPLE else sample
    matches = list(charset_normalizer.from_bytes(sample, cp_exclusion=list(_NO_CANDIDATES)))
    if not matches:
        raise InputError(f"{path}: expected text, but its encoding cannot be told. Give it: --encoding NAME.")
    best = [m for m in matches if (m.chaos, m.coherence) == (matches[0].chaos, matches[0].coherence)]
    names = {name for match in best for name in match.could_be_from_charset}
    # Short texts often fit several encodings equally well: then the one in wider use.
    return next((name for name in ("gb18030", "cp1252") if name in names), str(best[0].encoding))


def _undecodable(raw: bytes, encoding: str) -> tuple[float, int, int]:
    """Share of the non-ASCII characters that cannot be read; line and value of the first byte that cannot."""
    try:
        raw.decode(encoding)
        return 0.0, 0, 0
    except UnicodeDecodeError as error:
        before, byte = error.object[: error.start], error.object[error.start]
        line = before.decode(encoding, "ignore").count("\n") + 1
    text = raw.decode(encoding, "replace")  # in C; our own error handler is called for every byte
    return text.count("\ufffd") / (len(text) - len(text.encode("ascii", "ignore"))), line, byte


def _is_binary(raw: bytes) -> bool:
    """Whether the beginning holds too many control characters for text (a few stray ones are let pass)."""
    head = raw[:_SAMPLE]
    return len(head) - len(head.translate(None, _CONTROL)) > 0.02 * len(head)
