"""Image cells -> pixels. NumPy alone, and Pillow where a file is read: processes that read files start fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot, read_media, shorten

LARGEST_BATCH = 2**26  # bytes of pictures of one size that are handed over as they are

MAX_BYTES: Final = 2**27
"""134 MB; a file is in memory while it is decoded. A photograph of MAX_PIXELS has a tenth of that."""


def read_image(cell: str, root: MediaRoot) -> np.ndarray:
    """The picture that a cell names, at its own size: uint8 [height, width, 3].

    Raises BadCell: a sentence that names the path and says what is wrong.
    """
    from mmkeras.modalities.image.decode import decode_image  # late: Pillow, which only who reads files needs

    data = read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES)
    try:
        return decode_image(data)
    except BadCell as error:
        raise BadCell(f"{shorten(cell.strip())}: {error}") from None


def read(cell: str, entry: InputSpec, root: MediaRoot) -> np.ndarray | None:
    """A picture's pixels."""
    return read_image(cell, root) if cell.strip() else None


def sample(cell: str, entry: InputSpec, root: MediaRoot) -> bytes | None:
    """A picture's file as it is: smaller than its pixels, and what clients send. Raises BadCell where it is gone."""
    return read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES) if cell.strip() else None


def pixels_of(value: Any) -> np.ndarray:
    """A picture's value, which may be its file, as pixels."""
    from mmkeras.modalities.image.decode import decode_image

    return decode_image(value) if isinstance(value, bytes) else value


def stack(values: Sequence[Any], entry: InputSpec) -> np.ndarray:
    """uint8 [b, h, w, 3]: pictures of one size as they are; large or of several, resized as the graph would do it."""
    from mmkeras.modalities.image.resize import resize_pixels

    size = entry["size"]
    pictures = [None if value is None else pixels_of(value) for value in values]
    shapes = {picture.shape for picture in pictures if picture is not None}
    if len(shapes) != 1 or len(pictures) * math.prod(next(iter(shapes))) > LARGEST_BATCH:
        shapes = set()
        pictures = [None if picture is None else resize_pixels(picture, size) for picture in pictures]
    shape = shapes.pop() if shapes else (size, size, 3)
    return np.stack([np.zeros(shape, "uint8") if picture is None else picture for picture in pictures])
