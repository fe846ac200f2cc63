"""Pictures and clips as data URIs in the page, downscaled and within a budget."""

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
"""Budget in characters for all media of a page; with the texts of the mistakes, a page stays under 10 MB."""
RESERVED_FOR_PICTURES: Final = 2_500_000
"""Part of the budget that sound may not use."""


@dataclass
class MediaBudget:
    """The rest of the budget for media, in characters."""

    left: int = PAGE_BYTES


def media_root(config: dict[str, Any], path: str) -> MediaRoot:
    """The folder that relative paths in the cells of a file start at, as in training."""
    return MediaRoot(config.get("media_root") or str(Path(path).parent), bool(config.get("allow_outside")))


def show(cell: str, input_spec: dict[str, Any], root: MediaRoot, budget: MediaBudget) -> dict[str, Any]:
    """The variables of the template for a cell that names a file.

    input_spec: the input in schema.json. Returns `path` and, where available, `picture` (data URI of an image, with
    `width`, `height` and the description `alt`), `sound` (data URI of a clip), `length` (in words), `gone` (the reason
    why nothing can be shown).
    """
    shown: dict[str, Any] = {"path": shorten(cell.strip())}
    if not cell.strip():
        return shown
    try:
        preview = preview_of(input_spec["kind"]).preview(cell, input_spec, root)
    except BadCell as error:
        return shown | {"gone": f"It cannot be shown any more: {error}"}
    except (OSError, ImportError) as error:  # the page is made again on a machine without libsndfile
        return shown | {"gone": f"It cannot be shown here: {error}"}
    if preview.length:
        shown["length"] = preview.length
    shown |= {"alt": preview.alt, **_picture(preview.picture, preview.format_name, budget)}
    if preview.sound:
        uri = f"data:audio/flac;base64,{base64.b64encode(preview.sound).decode()}"
        if len(uri) <= budget.left - RESERVED_FOR_PICTURES:
            budget.left -= len(uri)
            shown["sound"] = uri
    return shown


def _picture(image: bytes, format_name: str, budget: MediaBudget) -> dict[str, Any]:
    """An image file as a data URI, if the budget allows, with its display size: tiny pictures are enlarged."""
    from PIL import Image

    uri = f"data:image/{format_name};base64,{base64.b64encode(image).decode()}"
    if len(uri) > budget.left:
        return {"gone": "The page is full: no more pictures are put into it."}
    budget.left -= len(uri)
    with Image.open(io.BytesIO(image)) as opened:
        width, height = opened.size
    scale = max(1, THUMBNAIL // max(width, height))
    return {"picture": uri, "width": width * scale, "height": height * scale, "enlarged": scale > 1}
