"""A picture as the report shows it: a thumbnail. Pillow and NumPy alone."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from mmkeras.modalities.image.cells import read_image
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.media.preview import THUMBNAIL, Preview


def preview(cell: str, entry: dict[str, Any], root: MediaRoot) -> Preview:
    """The picture that a cell names as a thumbnail. Raises BadCell."""
    return Preview(*thumbnail(read_image(cell, root)), alt="The picture")


def thumbnail(pixels: np.ndarray) -> tuple[bytes, str]:
    """Uint8 [height, width, 3] -> an image file of at most THUMBNAIL pixels a side, and its format: png or jpeg.

    The smaller of the two files is returned.
    """
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    files = []
    for format_name, options in (("png", {"optimize": True}), ("jpeg", {"quality": 82})):
        file = io.BytesIO()
        image.save(file, format_name, **options)
        files.append((file.getvalue(), format_name))
    return min(files, key=lambda pair: len(pair[0]))
