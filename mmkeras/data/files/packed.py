"""Packed files (gzip, bzip2, xz, Zstandard, zip) as streams of what they hold, told by how they begin."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Sequence
from typing import IO, Final

from mmkeras.errors import InputError

SUFFIXES: Final = (".gz", ".bz2", ".xz", ".zst", ".zip")
_BEGINS: Final = {
    "gzip": rb"\x1f\x8b",
    "bzip2": rb"BZh[1-9](1AY&SY|\x17rE8P\x90)",
    "xz": rb"\xfd7zXZ\x00",
    "Zstandard": rb"\(\xb5/\xfd|[\x50-\x5f]\x2a\x4d\x18",
    "zip": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
}
LONGEST_BEGIN: Final = 10
DAMAGED: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, MemoryError, ValueError)
"""Errors of the unpackers: pyarrow's are of the kinds OSError and ValueError."""
_OFFICE: Final = ("[Content_Types].xml", "mimetype")
_LEFT_BEHIND: Final = re.compile(r"(.*/)?(\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)|__MACOSX/.*", re.IGNORECASE)
"""Members of a zip archive that systems add by themselves."""


def packing_of(head: bytes) -> str:
    """The name of a file's packing, by its first bytes; '' for a file that is not packed."""
    return next((name for name, begin in _BEGINS.items() if re.match(begin, head)), "")


def is_office(file: IO[bytes]) -> bool:
    """Is a zip archive a document of Excel, LibreOffice and the like?"""
    try:
        return any(name in _OFFICE for name in zipfile.ZipFile(file).namelist())
    except DAMAGED:
        return False


def open_packed(file: IO[bytes], packing: str, path: str) -> tuple[io.BufferedReader, str]:
    """What a packed file holds, as a stream, and the name of the zip archive's member, else ''.

    file: seekable. Several members or frames, one after another, are one file, as their tools have it; a zip archive
    must hold one. Raises InputError for a zip archive of none or several files or with a password.
    """
    if packing == "gzip":
        return io.BufferedReader(gzip.GzipFile(fileobj=file)), ""
    if packing == "bzip2":
        return io.BufferedReader(bz2.BZ2File(file)), ""
    if packing == "xz":
        return io.BufferedReader(lzma.LZMAFile(file)), ""
    if packing == "zip":
        archive = zipfile.ZipFile(file)
        member = only_member(archive.infolist(), path)
        try:
            inside = archive.open(member)
        except (NotImplementedError, RuntimeError) as error:
            raise InputError(
                f"{path}: its {member.filename} cannot be unpacked ({error}). Unpack it yourself."
            ) from None
        return io.BufferedReader(inside), member.filename  # type: ignore[arg-type]
    import pyarrow as pa  # late: 60 MB that most runs never need

    return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")), ""


def only_member(members: Sequence[zipfile.ZipInfo], path: str) -> zipfile.ZipInfo:
    """The one file in a zip archive. Raises InputError for none, for several, and for one with a password."""
    files = [member for member in members if not (member.is_dir() or _LEFT_BEHIND.fullmatch(member.filename))]
    if not files:
        raise InputError(f"{path}: expected a zip archive with a file in it; it holds none. Make it again.")
    if len(files) > 1:
        names = ", ".join(member.filename for member in files[:5]) + ", …" * (len(files) > 5)
        raise InputError(
            f"{path}: expected a zip archive of one file, received one of {len(files):,}: {names}. Unpack it, and name "
            "one of them."
        )
    if files[0].flag_bits & 1:
        raise InputError(f"{path}: its {files[0].filename} is locked with a password. Unpack it, and name the file.")
    return files[0]
