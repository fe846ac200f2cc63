"""The bytes of a large file, read piece by piece where a small one's are in memory. It has the methods of `bytes` that
reading a table needs."""

from __future__ import annotations

import codecs
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

PIECE: Final = 2**22


class FileBytes:
    """The bytes of a file that is not packed. Raises OSError as `open` does."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._size = os.fstat(self._file.fileno()).st_size

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return os.pread(self._file.fileno(), 1, range(self._size)[part])[0]
        start, stop, _ = part.indices(self._size)
        return read_at(self._file.fileno(), start, max(0, stop - start))

    def pieces(self, overlap: int = 0) -> Iterator[tuple[int, bytes]]:
        """(offset, bytes) of consecutive parts; each begins with the last `overlap` bytes of the one before."""
        start = 0
        while start < self._size:
            yield start, self[start : start + PIECE + overlap]
            start += PIECE

    def find(self, part: bytes, start: int = 0) -> int:
        """The first place of some bytes, -1 for none."""
        while start < self._size:
            found = self[start : start + PIECE + len(part) - 1].find(part)
            if found >= 0:
                return start + int(found)
            start += PIECE
        return -1

    def __contains__(self, part: bytes) -> bool:
        return self.find(part) >= 0

    def startswith(self, begin: bytes) -> bool:
        """Does the file begin so?"""
        return bool(self[: len(begin)] == begin)

    def isascii(self) -> bool:
        """Are all bytes below 128?"""
        return all(piece.isascii() for _, piece in self.pieces())

    def strip(self) -> bytes:
        """Some bytes that are no white space, b"" where there are none: whether the file is empty."""
        return next((text for _, piece in self.pieces() if (text := piece.strip())), b"")

    def decode(self, encoding: str, errors: str = "strict") -> str:
        """The whole text."""
        return bytes(self[:]).decode(encoding, errors)

    def decodes(self, encoding: str) -> bool:
        """Is every byte text in the encoding?"""
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        try:
            for _, piece in self.pieces():
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True

    def stream(self) -> io.BufferedReader:
        """The bytes from the first on."""
        return io.BufferedReader(_Positioned(self._file.fileno(), self), PIECE)


class _Positioned(io.RawIOBase):
    """Reads a file from its beginning, whatever else reads it. owner: keeps the file open."""

    def __init__(self, descriptor: int, owner: FileBytes) -> None:
        self.descriptor, self.owner, self.place = descriptor, owner, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = os.pread(self.descriptor, len(buffer), self.place)
        buffer[: len(part)] = part
        self.place += len(part)
        return len(part)


def read_at(descriptor: int, start: int, size: int) -> bytes:
    """Bytes from a place on, in as many reads as the system needs."""
    parts = []
    while size > 0 and (part := os.pread(descriptor, size, start)):
        parts.append(part)
        start, size = start + len(part), size - len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
