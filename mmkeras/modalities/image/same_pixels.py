"""The files that TensorFlow's decoders, in `serving`, read as `decode` does; determined with Pillow alone."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from mmkeras.modalities.image.decode import FORMATS

_TEXTS = {"Raw profile type exif", "XML:com.adobe.xmp"}  # texts of a PNG in which Pillow searches for an orientation


def decodes_identically(file: bytes) -> bool:
    """Does `serving` read the same pixels as `decode` from a file that `decode` can read?

    Not from: a GIF with transparency, or whose first frame does not fill it; a BMP of other than 24 bits a pixel, such
    as one with a palette, or with bytes after the pixels; a PNG of 16 bits a channel, or with an orientation in its
    texts; a CMYK JPEG without Adobe's marker, whose colours Pillow inverts nevertheless; another format.

    Not detected: a progressive JPEG that lacks scans but has a valid end, which the two decoders smooth differently (by
    9 of 255 at most in our tests); an orientation that Pillow alone understands, see orientation.py.
    """
    with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(file), formats=FORMATS) as image:
        if image.format in ("JPEG", "MPO"):
            return image.mode != "CMYK" or "adobe" in image.info
        if image.format == "GIF":
            return "transparency" not in image.info and image.tile[0].extents == (0, 0, *image.size)
        if image.format == "PNG":
            image.load()  # texts may follow the pixels
            return file[24] <= 8 and not _TEXTS & set(image.info)
        if image.format == "BMP":
            return _plain_bmp(file, *image.size)
        return image.format == "WEBP"


def _plain_bmp(file: bytes, width: int, height: int) -> bool:
    start, bits = int.from_bytes(file[10:14], "little"), int.from_bytes(file[28:30], "little")
    row_bytes = (3 * width + 3) // 4 * 4  # padded to a multiple of four
    return bits == 24 and len(file) == start + row_bytes * height
