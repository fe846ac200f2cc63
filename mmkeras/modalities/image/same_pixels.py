"""Which files TensorFlow's decoders, and so `serving`, read as `decode` does. Pillow alone is asked."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from mmkeras.modalities.image.decode import FORMATS

_TEXTS = {"Raw profile type exif", "XML:com.adobe.xmp"}  # of a PNG, where Pillow looks for an orientation, too


def decodes_identically(file: bytes) -> bool:
    """Does `serving` read the same pixels from a file that `decode` has read?

    Not where it is: a GIF with transparency, or whose first frame does not fill it; a BMP of other than 24 bits a
    pixel, as palettes are, or with bytes behind the pixels; a PNG of 16 bits a channel, or one that its texts turn; a
    CMYK JPEG without Adobe's marker, whose colours Pillow inverts all the same; none of ours.

    What is not looked for: a progressive JPEG that lacks scans, though it ends as it should. The two smooth what it has
    in ways of their own; 9 of 255 was the most that was seen. Nor an orientation that only Pillow understands, see
    `orientation`.
    """
    with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(file), formats=FORMATS) as image:
        if image.format in ("JPEG", "MPO"):
            return image.mode != "CMYK" or "adobe" in image.info
        if image.format == "GIF":
            return "transparency" not in image.info and image.tile[0].extents == (0, 0, *image.size)
        if image.format == "PNG":
            image.load()  # texts may stand behind the pixels
            return file[24] <= 8 and not _TEXTS & set(image.info)
        if image.format == "BMP":
            return _plain_bmp(file, *image.size)
        return image.format == "WEBP"


def _plain_bmp(file: bytes, width: int, height: int) -> bool:
    start, bits = int.from_bytes(file[10:14], "little"), int.from_bytes(file[28:30], "little")
    row = (3 * width + 3) // 4 * 4  # padded to whole fours
    return bits == 24 and len(file) == start + row * height
