"""A cell that names a picture or a clip -> the bytes of the file: a path below one folder, or a data URI."""

from __future__ import annotations

import base64
import binascii
import os
import re
import stat
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from mmkeras.errors import BadCell

_WEB_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)  # a single letter is a drive of Windows
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


@dataclass(frozen=True)
class MediaRoot:
    """The folder of the relative paths in cells.

    folder: relative paths start here; allow_outside: may a path, once `..` and symbolic links are resolved, lie outside
    the folder?
    """

    folder: str
    allow_outside: bool = False

    @classmethod
    def of(cls, csv: str | Path, media_root: str | None, allow_outside: bool) -> MediaRoot:
        """The root of a CSV file's cells: `media_root` if it is set, else the folder of the CSV file."""
        return cls(media_root or str(Path(csv).parent), allow_outside)


def read_media(cell: str, root: Path, allow_outside: bool, max_bytes: int) -> bytes:
    """The bytes of the file or data URI in a cell, 1 to `max_bytes` of them.

    cell: a path, relative to `root` or absolute, with / or \\ between folders; or a data URI (RFC 2397).
    allow_outside: may a path, once `..` and symbolic links are resolved, lie outside `root`?
    Raises BadCell with the fault of the cell.
    """
    path = find_media(cell, MediaRoot(str(root), allow_outside))
    if path is None:
        return _read_data_uri(cell.strip(), max_bytes)
    try:
        return _read_file(path, max_bytes)
    except OSError as error:
        raise _cannot_be_read(cell, error) from None


def find_media(cell: str, root: MediaRoot) -> Path | None:
    """The file that a cell names, a regular one that is not empty; None if the cell is a data URI.

    Raises BadCell if the file is absent or may not be read.
    """
    cell = cell.strip()
    if not cell:
        raise BadCell("the cell is empty; expected a path or a data URI.")
    if cell[:5].lower() == "data:":
        return None
    if _WEB_ADDRESS.match(cell):
        raise BadCell(f"{shorten(cell)} is a web address; nothing is downloaded here. Save the file and give its path.")
    try:
        path = _resolve(cell, Path(root.folder), root.allow_outside)
        _check_file(path)
    except OSError as error:
        raise _cannot_be_read(cell, error) from None
    return path


def shorten(cell: str) -> str:
    """A cell as errors quote it, cut at 150 characters if long: data URIs have megabytes."""
    return cell if len(cell) <= 200 else f"{cell[:150]}… ({len(cell):,} characters)"


def _cannot_be_read(cell: str, error: OSError) -> BadCell:
    return BadCell(f"{shorten(cell.strip())} cannot be read: {error.strerror or error}.")


def _size(n_bytes: int) -> str:
    return f"{n_bytes:,} bytes" if n_bytes < 10**6 else f"{n_bytes / 10**6:,.1f} MB"


def _too_large(source: str, n_bytes: int, max_bytes: int) -> BadCell:
    return BadCell(f"{source} has {_size(n_bytes)}; at most {_size(max_bytes)} are read.")


def _resolve(cell: str, root: Path, allow_outside: bool) -> Path:
    """The path in a cell with all symbolic links resolved, so that the file that is opened is the one checked here."""
    try:
        base = root.resolve()
        path = (base / cell).resolve()
        if "\\" in cell and not path.exists():
            path = (base / cell.replace("\\", "/")).resolve()  # written on Windows
    except (RuntimeError, ValueError) as error:  # links in a circle before Python 3.13; a NUL character
        raise BadCell(f"{shorten(cell)!r} is no path: {error}.") from None
    if not allow_outside and not path.is_relative_to(base):
        raise BadCell(
            f"{shorten(cell)} lies outside {base}. Move the file there, name its folder with --media-root, "
            "or allow it with --allow-outside."
        )
    return path


def _check_file(path: Path) -> None:
    """Raise BadCell unless the path is a regular file that is not empty."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise BadCell(
            f"there is no file {shorten(str(path))}. Paths start at the CSV's folder, or at --media-root."
        ) from None
    if stat.S_ISDIR(status.st_mode):
        raise BadCell(f"{path} is a folder; expected a file.")
    if not stat.S_ISREG(status.st_mode):
        raise BadCell(f"{path} is no ordinary file (a device, a pipe or a socket).")  # reading one may never end
    if not status.st_size:
        raise BadCell(f"{path} is empty (0 bytes).")


def _read_file(path: Path, max_bytes: int) -> bytes:
    with path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if n_bytes > max_bytes:
            raise _too_large(str(path), n_bytes, max_bytes)
        data = file.read(max_bytes + 1)
        if len(data) > max_bytes:  # it has grown
            raise _too_large(str(path), os.fstat(file.fileno()).st_size, max_bytes)
    return data


def _read_data_uri(cell: str, max_bytes: int) -> bytes:
    """The bytes of data:[<media type>][;base64],<data>."""
    head, comma, payload = cell.partition(",")
    if not comma:
        raise BadCell(f"damaged data URI {shorten(cell)!r}: it has no comma before its data.")
    in_base64 = head.lower().rstrip().endswith(";base64")
    # percent-encoded as %XX a byte takes 3 characters; in base64 it takes 4/3, each of which may be percent-encoded
    min_bytes = len(payload) // 4 if in_base64 else len(payload) // 3
    if min_bytes > max_bytes:
        raise _too_large("the data URI", min_bytes, max_bytes)
    try:
        data = urllib.parse.unquote_to_bytes(payload)
    except UnicodeEncodeError as error:  # half of a character, as some programs write them
        raise BadCell(f"damaged data URI: its character {error.start + 1} is no character.") from None
    if in_base64:
        data = _decode_base64(data)
    if not data:
        raise BadCell(f"the data URI {shorten(cell)!r} holds no data.")
    if len(data) > max_bytes:
        raise _too_large("the data URI", len(data), max_bytes)
    return data


def _decode_base64(text: bytes) -> bytes:
    """Decode base64, also its URL-safe alphabet, with white space and without the padding `=`, as browsers do."""
    text = b"".join(text.split()).translate(bytes.maketrans(b"-_", b"+/"))
    text = text.rstrip(b"=")
    invalid = _NOT_BASE64.search(text)
    if invalid:
        raise BadCell(
            f"damaged data URI: character {invalid.start() + 1} of its base64 is {invalid.group().decode('latin-1')!r}."
        )
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise BadCell("damaged data URI: its base64 is cut short.") from None
