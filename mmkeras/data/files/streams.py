"""A large file, plain or packed, whose bytes are read in pieces, several times: it is never in memory as a whole."""

from __future__ import annotations

import codecs
import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from mmkeras.data.encoding.charset import Charset, choose_encoding
from mmkeras.data.files.packed import DAMAGED, LONGEST_BEGIN, is_office, open_packed, packing_of
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.unpack import Bounds
from mmkeras.errors import InputError

LARGE: Final = 2**23
"""Bytes of a file from which it is read in pieces; a smaller one is in memory as a whole, and told by all it holds."""
LARGE_PACKED: Final = 2**20
PIECE: Final = 2**20  # bytes that are read at a time
HEAD: Final = 2**22  # bytes of a sample, by which the encoding is told where it is not UTF-8
TAR: Final = slice(257, 262)


@dataclass(frozen=True)
class Stream:
    """The contents of a large file. path: it, or where standard input is kept; name: in messages. notes: to print."""

    path: Path
    name: str
    packing: str = ""
    notes: tuple[str, ...] = ()

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The contents, from their beginning."""
        with open(self.path, "rb") as file:
            if not self.packing:
                yield file
                return
            inside, _ = open_packed(file, self.packing, self.name)
            with inside:
                yield inside

    def pieces(self) -> Iterator[bytes]:
        """The contents in pieces. Raises InputError for a damaged file, and for one that unpacks to far too much."""
        bounds, size = Bounds(self.name), self.path.stat().st_size
        bounds.largest = 2**63  # of what is never in memory
        try:
            with self.open() as file:
                while piece := file.read(PIECE):
                    bounds.add(len(piece), size)
                    yield piece
        except InputError:
            raise
        except DAMAGED as error:
            reason = str(error).strip() or type(error).__name__
            what = f"the {self.packing} file is damaged or cut short" if self.packing else "it cannot be read"
            raise InputError(f"{self.name}: {what} ({reason}). Make it again.") from None

    def lines(self, encoding: str, newline: str = "") -> Iterator[str]:
        """The lines with their line ends, as `charset.decoded_lines` has them. newline: as of `open`."""
        with self.open() as file:
            text = io.TextIOWrapper(file, encoding=encoding, errors="mmkeras.undecodable", newline=newline)
            yield from text


def stream_of(path: str | Path | StandardInput) -> Stream | None:
    """The stream of a large file; None for a small one, and for one that is no table or packed twice.

    Those are read as a whole, and whatever is wrong with them is said then.
    """
    if isinstance(path, StandardInput):
        file, name = path.kept, str(path)
    else:
        file, name = Path(path), str(path)
    try:
        if file is None or not file.is_file():
            return None
        size = file.stat().st_size
        if size < min(LARGE, LARGE_PACKED):
            return None
        with open(file, "rb") as opened:
            packing = packing_of(opened.peek(LONGEST_BEGIN)[:LONGEST_BEGIN])
            if size < (LARGE_PACKED if packing else LARGE) or (packing == "zip" and is_office(opened)):
                return None
            member = open_packed(opened, packing, name)[1] if packing else ""
        notes = (f"Read from the zip archive: {member}.",) if member else ()
        stream = Stream(file, name, packing, notes)
        with stream.open() as contents:
            head = contents.read(512)
    except (InputError, *DAMAGED):
        return None
    return None if packing_of(head[:LONGEST_BEGIN]) or head[TAR] == b"ustar" else stream


@dataclass(frozen=True)
class Text:
    """What the bytes of a stream are. head: the first ones. escapes: is there a quote behind a backslash?

    marks: does a byte order mark stand further below? nul: is there a NUL?
    """

    charset: Charset
    head: bytes
    escapes: bool
    marks: bool
    nul: bool


def text_of(stream: Stream, requested: str | None) -> Text:
    """Read a stream once, and tell its encoding as `choose_encoding` does, by a sample where it is not UTF-8.

    Raises InputError as `choose_encoding` and `Stream.pieces` do.
    """
    head, odd = b"", b""
    decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    escapes = marks = nul = False
    end = b""
    for piece in stream.pieces():
        near = end + piece
        escapes, nul = escapes or b'\\"' in near, nul or b"\0" in piece
        marks = marks or near.find(codecs.BOM_UTF8, 0 if head else 3) >= 0
        if len(head) < HEAD:
            head += piece
        if decoder is not None and not _decodes(decoder, piece):
            decoder, odd = None, near
        end = near[-2:]
    if decoder is not None and not _decodes(decoder, b"", True):
        decoder, odd = None, end
    sample = whole_lines(head) + whole_lines(odd) if len(head) >= HEAD else head
    charset = choose_encoding(sample, requested, stream.name)
    utf8 = charset.encoding in ("utf-8", "utf-8-sig")
    clean = decoder is not None if utf8 else _all_decodes(stream, charset.encoding)
    return Text(Charset(charset.encoding, clean, charset.note), head[:4096], escapes, marks and utf8, nul)


def whole_lines(data: bytes) -> bytes:
    """The data without what may be half a line, or half a character, at its end."""
    end = max(data.rfind(b"\n"), data.rfind(b"\r"))
    return data[: end + 1] if end > 0 and not re.search(rb"\0", data[:1000]) else data


def _decodes(decoder: codecs.IncrementalDecoder, piece: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        return False
    return True


def _all_decodes(stream: Stream, encoding: str) -> bool:
    """Is every byte text in an encoding?"""
    decoder = codecs.getincrementaldecoder(encoding)()
    return all(_decodes(decoder, piece) for piece in stream.pieces()) and _decodes(decoder, b"", True)
