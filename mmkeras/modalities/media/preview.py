"""What can be shown of a file that a cell names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

THUMBNAIL: Final = 160
"""Pixels of a picture's longer side, at most."""


@dataclass(frozen=True)
class Preview:
    """picture: the bytes of an image file; form: `png` or `jpeg`; alt: what the picture is, in words.

    sound: the bytes of a flac file, b"" for none; length: how long it is, in words.
    """

    picture: bytes
    form: str
    alt: str
    sound: bytes = b""
    length: str = ""
