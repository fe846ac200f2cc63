"""The kinds of columns: each is one line here and one folder, whose files `mmkeras.modalities` describes.

Strings only: a client that opens an artefact reads this dict too, and imports only the kinds of its own columns.
"""

from __future__ import annotations

from typing import Final

MODALITIES: Final = {
    "text": "mmkeras.modalities.text",
    "image": "mmkeras.modalities.image",
    "audio": "mmkeras.modalities.audio",
    "number": "mmkeras.modalities.number",
    "category": "mmkeras.modalities.category",
    "date": "mmkeras.modalities.date",
}
"""Kind of an input column -> the package that reads it."""

SUFFIXES: Final = {
    "image": (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff"),
    "audio": (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac"),
}
"""Kind whose cells are paths -> the suffixes of its files: a column of such paths is guessed to be of that kind."""

DISTINCT: Final = ("text", *SUFFIXES)
"""Kinds whose equal cells identify duplicate rows; equal numbers, categories or dates alone prove nothing."""
