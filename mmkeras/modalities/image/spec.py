"""How an image column is read (the part of the Config that its layers need), described and served. NumPy alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import Input, InputSpec
from mmkeras.modalities.image.cells import pixels_of

EXAMPLE: Final = "picture.jpg"
FLAGS: Final[tuple[str, ...]] = ("image_encoder", "image_size", "image_augment")
PREPARED: Final = "float32 [b, size, size, 3], red, green and blue from 0 to 1"
NAMES_FILES: Final = True

SMALLEST, LARGEST = 16, 512


@dataclass(frozen=True)
class ImageSpec:
    """How a picture is read; saved in schema.json.

    size: pixels a side of the square that the network takes. Raises InputError for a size out of range.
    """

    size: int = 96

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"image size {self.size}: expected {SMALLEST} to {LARGEST} pixels a side.")


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return f"RGB, any size; resized inside to {graph_input.metadata.get('size')} pixels a side"


def served_name(name: str) -> str:
    """The name of the input in serving_default."""
    return f"{name}_bytes"


def as_served(value: bytes | np.ndarray | None, input_spec: InputSpec) -> tuple[bytes, np.ndarray | None]:
    """A picture as a client of TF Serving sends it, a file or "" for a missing picture; and its pixels.

    The original file if TensorFlow decodes it to the same pixels as Pillow, so that verification covers TensorFlow's
    decoders and orientation; else a PNG of the pixels.
    """
    if value is None:
        return b"", None
    from mmkeras.modalities.image.same_pixels import decodes_identically  # late: Pillow

    pixels = pixels_of(value)
    return value if isinstance(value, bytes) and decodes_identically(value) else png(pixels), pixels


def stack_served(sent: Sequence[bytes], input_spec: InputSpec) -> np.ndarray:
    """Files [b]."""
    return np.array(sent, object)


def png(pixels: np.ndarray) -> bytes:
    """Pixels uint8 [h, w, 3] -> the bytes of a lossless file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
