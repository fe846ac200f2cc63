"""What the report shows of a file that a cell names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

THUMBNAIL: Final = 160
"""Pixels of a picture's longer side, at most."""


@dataclass(frozen=True)
class Preview:
    """picture: the bytes of an image file; format_name: `png` or `jpeg`; alt: the picture's description.

    sound: the bytes of a flac file, b"" for none; length: the sound's duration, in words.
    """

    picture: bytes
    format_name: str
    alt: str
    sound: bytes = b""
    length: str = ""
