"""Image cells -> pixels. NumPy alone, and Pillow once a file is read: processes that read files start fast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot, read_media, shorten

LARGEST_BATCH = 2**26  # bytes of a batch of pictures that is passed to the graph at its own size

MAX_BYTES: Final = 2**27
"""134 MB; a file is in memory while it is decoded. A photograph of MAX_PIXELS has a tenth of that."""


def read_image(cell: str, root: MediaRoot) -> np.ndarray:
    """The picture that a cell names, at the file's size: uint8 [height, width, 3].

    Raises BadCell, a sentence with the path and the fault.
    """
    from mmkeras.modalities.image.decode import decode_image  # late: Pillow, which only readers of files need

    data = read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES)
    try:
        return decode_image(data)
    except BadCell as error:
        raise BadCell(f"{shorten(cell.strip())}: {error}") from None


def read(cell: str | bytes | np.ndarray, input_spec: InputSpec, root: MediaRoot) -> np.ndarray | None:
    """A picture's pixels; None for an empty cell. cell: a path or data URI; or in memory, see objects.py."""
    if not isinstance(cell, str):
        return pixels_of(cell)
    return read_image(cell, root) if cell.strip() else None


def sample(cell: str, input_spec: InputSpec, root: MediaRoot) -> bytes | None:
    """A picture's file, unchanged: smaller than the pixels, and what clients send. Raises BadCell if it is absent."""
    return read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES) if cell.strip() else None


def pixels_of(value: Any) -> np.ndarray:
    """The pixels of a value, which are the value itself or the bytes of a file."""
    if not isinstance(value, bytes):
        return value
    from mmkeras.modalities.image.decode import decode_image

    return decode_image(value)


def resize(value: Any, input_spec: InputSpec) -> np.ndarray:
    """A picture, uint8 [h, w, 3] or the bytes of a file, in the model's size [s, s, 3], resized as in the graph."""
    from mmkeras.modalities.image.resize import resize_pixels

    return resize_pixels(pixels_of(value), input_spec["size"])


def stack(values: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """uint8 [b, h, w, 3]: pictures of one size unchanged; large ones or several sizes resized as in the graph."""
    size = input_spec["size"]
    pictures = [None if value is None else pixels_of(value) for value in values]
    shapes = {picture.shape for picture in pictures if picture is not None}
    if len(shapes) != 1 or len(pictures) * math.prod(next(iter(shapes))) > LARGEST_BATCH:
        shapes = set()
        pictures = [None if picture is None else resize(picture, input_spec) for picture in pictures]
    shape = shapes.pop() if shapes else (size, size, 3)
    return np.stack([np.zeros(shape, "uint8") if picture is None else picture for picture in pictures])
