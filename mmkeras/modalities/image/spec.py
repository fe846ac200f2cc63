"""The facts about an image column, and how one is seen: the part of the Config that its layers need. NumPy alone."""

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
NAMES_FILES: Final = True

SMALLEST, LARGEST = 16, 512


@dataclass(frozen=True)
class ImageSpec:
    """How a picture is seen; saved in schema.json.

    size: pixels of each side of the square that the network sees. Raises InputError for one that makes no sense.
    """

    size: int = 96

    def __post_init__(self) -> None:
        if not SMALLEST <= self.size <= LARGEST:
            raise InputError(f"image size {self.size}: expected {SMALLEST} to {LARGEST} pixels a side.")


def describe(given: Input) -> str:
    """The raw input in words."""
    return f"RGB, any size; resized inside to {given.metadata.get('size')} pixels a side"


def served_name(name: str) -> str:
    """What serving_default calls the input."""
    return f"{name}_bytes"


def as_served(value: bytes | np.ndarray | None, entry: InputSpec) -> tuple[bytes, np.ndarray | None]:
    """A picture as a client of TF Serving sends it: a file, "" where there is none; and its pixels.

    Its own file where the graph reads it as the training did: its decoders and orientation are proven so.
    """
    if value is None:
        return b"", None
    from mmkeras.modalities.image.same_pixels import decodes_identically  # late: Pillow

    pixels = pixels_of(value)
    return value if isinstance(value, bytes) and decodes_identically(value) else png(pixels), pixels


def stack_served(sent: Sequence[bytes], entry: InputSpec) -> np.ndarray:
    """Files [b]."""
    return np.array(sent, object)


def png(pixels: np.ndarray) -> bytes:
    """Pixels -> a file that holds just them."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
