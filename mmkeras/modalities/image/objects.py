"""Pictures in memory -> pixels, and a file of them: those of Pillow, arrays, and bytes of files."""

from __future__ import annotations

import sys
from typing import Any, Final

import numpy as np

from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import BadCell

EXPECTED: Final = (
    "expected a path, the bytes of a file, a PIL image, or an array [height, width], [height, width, 3] or "
    "[height, width, 4] of whole numbers from 0 to 255 or of fractions from 0.0 to 1.0"
)
MEDIA_TYPES: Final = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"RIFF", "image/webp"),
)


def is_held(value: Any) -> bool:
    """Is a value a picture in memory: a PIL image, an array of two or three dimensions, or the bytes of a file?"""
    if isinstance(value, bytes):
        return media_type(value) != ""
    return _is_pillow(value) or len(getattr(value, "shape", ())) in (2, 3)


def media_type(data: bytes) -> str:
    """The media type of a picture's file, by its first bytes; '' for another file."""
    if data.startswith(b"RIFF") and data[8:12] != b"WEBP":
        return ""
    return next((name for start, name in MEDIA_TYPES if data.startswith(start)), "")


def from_object(value: Any) -> bytes | np.ndarray:
    """A picture in memory as `cells.read` takes it: the bytes of a file, or pixels uint8 [h, w, 3], upright.

    An image of Pillow is read as its file is: orientation, transparency, 16 bits a channel. Raises BadCell for what is
    no picture.
    """
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if _is_pillow(value):
        from mmkeras.modalities.image.decode import pixels_of_image

        return pixels_of_image(value)
    if not hasattr(value, "shape") or not hasattr(value, "__array__"):
        raise BadCell(f"{EXPECTED}; received {type_in_words(value)}.")
    return _pixels_of_array(np.asarray(value))


def as_file(value: Any) -> tuple[str, bytes]:
    """A picture in memory as a file without loss, and its media type. Raises BadCell."""
    held = from_object(value)
    if isinstance(held, bytes):
        return media_type(held), held
    from mmkeras.modalities.image.spec import png

    return "image/png", png(held)


def _is_pillow(value: Any) -> bool:
    """Is a value an image of Pillow, which is not imported here unless it is?"""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def _pixels_of_array(array: np.ndarray) -> np.ndarray:
    """An array of pixels -> uint8 [h, w, 3]: grey ones thrice, transparent ones on white."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]  # [h, w, 1] -> [h, w]
    shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not shaped or not array.size:
        hint = ". It looks like [channels, height, width]: give array.transpose(1, 2, 0)"
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        raise BadCell(f"{EXPECTED}; received {type_in_words(array)}{hint * first}.")
    pixels = _in_bytes(array)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)  # [h, w] -> [h, w, 3]
    if pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels)
    from PIL import Image

    from mmkeras.modalities.image.decode import pixels_of_image

    return pixels_of_image(Image.fromarray(pixels))


def _in_bytes(array: np.ndarray) -> np.ndarray:
    """Whole numbers 0 … 255, or fractions 0.0 … 1.0, as uint8."""
    if array.dtype == "uint8":
        return array
    kind = array.dtype.kind
    if kind not in "iuf":
        raise BadCell(f"{EXPECTED}; received {type_in_words(array)}.")
    low, high = float(array.min()), float(array.max())  # NaN if any is
    if not (low >= 0 and high <= (1.0 if kind == "f" else 255)):
        raise BadCell(f"{EXPECTED}; received {type_in_words(array)} with values from {low:g} to {high:g}.")
    return (array * 255.0).round().astype("uint8") if kind == "f" else array.astype("uint8")
