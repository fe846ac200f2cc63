"""An image file's bytes -> pixels, with Pillow. No TensorFlow: processes that read files start fast."""

from __future__ import annotations

import io
import re
import warnings
from typing import Any, Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from mmkeras.errors import BadCell

MAX_PIXELS: Final = 2**26
"""67 megapixels, more than most cameras have. Decoding takes about 10 bytes of memory a pixel."""

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_ORIENTATION: Final = 0x0112  # EXIF 2.32, 4.6.4 A: tag 274
_SIXTEEN_BITS: Final = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_OTHER_KINDS: Final = (
    (rb"(?s)\s*(<\?xml.*)?<svg", "an SVG drawing; save it as PNG"),
    (rb"(?si)\s*<(!doctype )?html", "a web page, perhaps a failed download"),
    (rb"II\*\0|MM\0\*", "a TIFF image; save it as PNG"),
    (rb"(?s)....ftyp(hei|hev|mif|msf)", "an HEIC image; save it as JPEG"),
    (rb"(?s)....ftypavi", "an AVIF image; save it as JPEG or PNG"),
    (rb"(?s)....ftyp", "a video"),
    (rb"%PDF", "a PDF document"),
    (rb"8BPS", "a Photoshop document; save it as PNG"),
    (rb"PK\x03\x04", "a zip archive"),
)


def decode_image(data: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The pixels of a JPEG, PNG, WebP, GIF (its first frame) or BMP file, uint8 [height, width, 3], RGB, upright.

    The EXIF orientation is applied; transparent pixels are blended with white; 16 bits a channel are scaled to 8.
    Colour profiles are not applied.

    Warnings are silenced for the whole process meanwhile, so decode in parallel processes, not threads.
    Raises BadCell with the fault; the size is checked before any pixel is decoded.
    """
    if not data:
        raise BadCell("the image is empty (0 bytes).")
    with warnings.catch_warnings():  # of invalid EXIF data, large images and more: relevant faults are errors here
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                _check_size(*image.size, max_pixels)
                image.load()
                return _turn(_to_rgb(image), _orientation(image))
        except BadCell:
            raise
        except UnidentifiedImageError:
            raise BadCell(_unknown(data)) from None
        except Image.DecompressionBombError as error:
            n_pixels = int(re.findall(r"\d+", str(error))[0])
            raise BadCell(f"the image says that it has {n_pixels:,} pixels; at most {max_pixels:,} are read.") from None
        except Exception as error:  # decoders raise all kinds of errors on damaged bytes: the cell is bad
            reason = str(error).partition(" (")[0].rstrip(".") or type(error).__name__
            raise BadCell(f"the image is damaged or cut short: {reason}.") from None


def pixels_of_image(image: Image.Image, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """The pixels of an image in memory as those of its file, uint8 [height, width, 3]. Raises BadCell."""
    _check_size(*image.size, max_pixels)
    try:
        image.load()
        return _turn(_to_rgb(image), _orientation(image))
    except Exception as error:  # a lazy image of a damaged file; a mode that Pillow cannot convert
        raise BadCell(f"the image cannot be read: {str(error).rstrip('.') or type(error).__name__}.") from None


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise BadCell(f"the image has no pixels: its size is {width} x {height}.")
    if width * height > max_pixels:
        raise BadCell(
            f"the image is {width:,} x {height:,} = {width * height:,} pixels; at most {max_pixels:,} are read. "
            "Make it smaller."
        )


def _unknown(data: bytes) -> str:
    """The fault of a file that begins like none of FORMATS, or whose header is damaged."""
    for pattern, kind in _OTHER_KINDS:
        if re.match(pattern, data[:1000]):
            return f"expected a JPEG, PNG, WebP, GIF or BMP image, received {kind}."
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")) or data[8:12] == b"WEBP":
        return "the image is damaged or cut short: its header cannot be read."
    return f"expected a JPEG, PNG, WebP, GIF or BMP image, received a file that begins with {data[:16]!r}."


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 … 8; 1, as stored, if it is absent or cannot be read, as in browsers."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF data do not make the pixels unusable
        return 1


def _to_rgb(image: Image.Image) -> np.ndarray:
    """A loaded image in any mode -> uint8 [h, w, 3]."""
    if image.mode in _SIXTEEN_BITS:  # Pillow's own conversion clips at 255
        wide = np.asarray(image).astype("uint32").clip(0, 65535)  # [h, w]
        return np.repeat(((wide + 128) // 257).astype("uint8")[..., None], 3, axis=2)
    if image.has_transparency_data:
        picture = image.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels as stored -> upright; orientation: the upright position of the stored first row and column."""
    turned: Any = {
        2: lambda: pixels[:, ::-1],  # top right
        3: lambda: pixels[::-1, ::-1],  # bottom right
        4: lambda: pixels[::-1],  # bottom left
        5: lambda: pixels.transpose(1, 0, 2),  # left top
        6: lambda: np.rot90(pixels, -1),  # right top
        7: lambda: pixels[::-1, ::-1].transpose(1, 0, 2),  # right bottom
        8: lambda: np.rot90(pixels),  # left bottom
    }.get(orientation, lambda: pixels)()
    return np.ascontiguousarray(turned)
