"""Pictures and clips as a page shows them: small, inside it, within a budget."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.errors import BadCell
from mmkeras.modalities import preview_of
from mmkeras.modalities.media.paths import MediaRoot, shorten
from mmkeras.modalities.media.preview import THUMBNAIL

PAGE_BYTES: Final = 6_000_000
"""Characters of all media of a page; with the texts of the mistakes, which have a limit too, it is under 10 MB."""
KEPT_FOR_PICTURES: Final = 2_500_000
"""Of these, what sound may not take."""


@dataclass
class Room:
    """How many characters of media the page may still take."""

    left: int = PAGE_BYTES


def media_root(config: dict[str, Any], path: str) -> MediaRoot:
    """Where the paths in a file's cells begin, as training has it."""
    return MediaRoot(config.get("media_root") or str(Path(path).parent), bool(config.get("allow_outside")))


def show(cell: str, entry: dict[str, Any], root: MediaRoot, room: Room) -> dict[str, Any]:
    """What to show of a cell that names a file.

    entry: the input's part of schema.json. Returns `path` and, as they can be had, `picture` (an image's data URI with
    `width` and `height` to show it at, and `alt`, what it is), `sound` (a clip's data URI), `length` (words), `gone`
    (why nothing can be shown).
    """
    shown: dict[str, Any] = {"path": shorten(cell.strip())}
    if not cell.strip():
        return shown
    try:
        preview = preview_of(entry["kind"]).preview(cell, entry, root)
    except BadCell as error:
        return shown | {"gone": f"It cannot be shown any more: {error}"}
    except (OSError, ImportError) as error:  # a page made again where there is no libsndfile
        return shown | {"gone": f"It cannot be shown here: {error}"}
    if preview.length:
        shown["length"] = preview.length
    shown |= {"alt": preview.alt, **_picture(preview.picture, preview.form, room)}
    if preview.sound:
        uri = f"data:audio/flac;base64,{base64.b64encode(preview.sound).decode()}"
        if len(uri) <= room.left - KEPT_FOR_PICTURES:
            room.left -= len(uri)
            shown["sound"] = uri
    return shown


def _picture(image: bytes, form: str, room: Room) -> dict[str, Any]:
    """An image file as a data URI, if there is room, with the size to show it at: tiny ones are enlarged."""
    from PIL import Image

    uri = f"data:image/{form};base64,{base64.b64encode(image).decode()}"
    if len(uri) > room.left:
        return {"gone": "The page is full: no more pictures are put into it."}
    room.left -= len(uri)
    with Image.open(io.BytesIO(image)) as opened:
        width, height = opened.size
    scale = max(1, THUMBNAIL // max(width, height))
    return {"picture": uri, "width": width * scale, "height": height * scale, "enlarged": scale > 1}
