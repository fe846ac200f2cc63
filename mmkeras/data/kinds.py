"""The kinds of columns: each is one line here and one folder, whose files `mmkeras.modalities` describes.

Strings only: the client that opens an artefact looks here, too, and imports no more than its columns' kinds.
"""

from __future__ import annotations

from typing import Final

KINDS: Final = {
    "text": "mmkeras.modalities.text",
    "image": "mmkeras.modalities.image",
    "audio": "mmkeras.modalities.audio",
    "number": "mmkeras.modalities.number",
    "category": "mmkeras.modalities.category",
    "date": "mmkeras.modalities.date",
}
"""Kind of an input column -> the package that reads it."""

SUFFIXES: Final = {
    "image": (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac"),
}
"""Kind whose cells name files -> how the names end: a column of such names is guessed to be of that kind."""

DISTINCT: Final = ("text", *SUFFIXES)
"""Kinds whose equal cells say that rows are the same; equal numbers, categories or dates alone prove nothing."""
