"""Pictures as files that two decoders may read in two ways, written by hand where no library writes them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.serving import read_pictures

HEIGHT, WIDTH, SIZE = 24, 40, 16
LITTLE, BIG = "<", ">"
SHORT, LONG, ASCII = 3, 4, 2
XMP = b"http://ns.adobe.com/xap/1.0/\0"


def picture(mode: str = "RGB") -> Image.Image:
    """Not square, and no two corners alike."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 10, 4), "uint8"), "RGBA")
    return noise.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).convert(mode)


def file_of(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    file = io.BytesIO()
    (image or picture()).save(file, kind, **options)
    return file.getvalue()


def tiff(orientation: int, order: str = LITTLE, kind: int = SHORT, before: bytes = b"", many: int = 1) -> bytes:
    """EXIF's directory by hand: tags of `before`, and the orientation."""
    value = struct.pack(order + "HH", orientation, 0) if kind == SHORT else struct.pack(order + "L", orientation)
    tags = before + struct.pack(order + "HHL", 0x0112, kind, many) + value
    head = b"II*\0" if order == LITTLE else b"MM\0*"
    return head + struct.pack(order + "LH", 8, len(tags) // 12) + tags + bytes(4)


def segment(data: bytes) -> bytes:
    return b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data


def jpeg(*inserted: bytes) -> bytes:
    """A JPEG with something between its first marker and the next."""
    plain = file_of("JPEG", quality=90)
    return plain[:2] + b"".join(inserted) + plain[2:]


def exif(data: bytes) -> bytes:
    return segment(b"Exif\0\0" + data)


def png(data: bytes, behind: bool = False) -> bytes:
    """A PNG with an eXIf chunk, in front of its pixels or behind them."""
    plain = file_of("PNG")
    chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
    place = -12 if behind else 33  # the last chunk has 12 bytes, the signature and the first 33
    return plain[:place] + chunk + plain[place:]


def webp(data: bytes) -> bytes:
    return file_of("WEBP", lossless=True, exif=data)


@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
def read(files: Any) -> Any:
    return read_pictures(files, SIZE)


def assert_read_alike(files: list[bytes]) -> None:
    pixels, present = read(tf.constant(files))
    assert present.numpy().all()
    for k, (resized, file) in enumerate(zip(pixels.numpy(), files, strict=True)):
        np.testing.assert_array_equal(resized, resize_pixels(decode_image(file), SIZE), err_msg=str(k))


def far_tag(place: int, many: int = 30) -> bytes:
    """A text, the camera's maker, that stands elsewhere."""
    return struct.pack("<HHLL", 0x010F, ASCII, many, place)


ODD: dict[str, bytes] = {
    "no orientation": jpeg(exif(tiff(6).replace(b"\x12\x01", b"\x13\x01"))),
    "0": jpeg(exif(tiff(0))),
    "9": jpeg(exif(tiff(9))),
    "65535": jpeg(exif(tiff(65535))),
    "of 32 bits": jpeg(exif(tiff(6, kind=LONG))),
    "of 32 bits, big": jpeg(exif(tiff(6, BIG, LONG))),
    "2 ** 31": jpeg(exif(tiff(2**31, kind=LONG))),
    "a text": jpeg(exif(tiff(6, kind=ASCII))),
    "none of it": jpeg(exif(tiff(6, many=0))),
    "two": jpeg(exif(tiff(6, many=2))),
    "a kind that there is not": jpeg(exif(tiff(6, kind=99))),
    "told twice": jpeg(exif(tiff(6, before=tiff(3)[10:22]))),
    "a tag elsewhere": jpeg(exif(tiff(6, before=far_tag(8)) + bytes(30))),
    "a tag that is cut": jpeg(exif(tiff(6, before=far_tag(50)) + bytes(30))),
    "a tag larger than all": jpeg(exif(tiff(6, before=far_tag(8, 10**6)) + bytes(30))),
    "bad order of bytes": jpeg(exif(b"IM" + tiff(6)[2:])),
    "as old cameras write it": jpeg(exif(b"MM*\0" + tiff(6, BIG)[4:])),
    "directory beyond": jpeg(exif(b"II*\0\xff\xff\xff\xff" + tiff(6)[8:])),
    "directory at the end": jpeg(exif(b"II*\0" + struct.pack("<L", len(tiff(6))) + tiff(6)[8:])),
    "too many tags": jpeg(exif(tiff(6)[:8] + b"\xff\xff" + tiff(6)[10:])),
    "the name twice": jpeg(exif(b"Exif\0\0" + tiff(6))),
    "another name": jpeg(segment(b"Exit\0\0" + tiff(6))),
    "in two segments": jpeg(exif(tiff(6)[:13]), exif(tiff(6)[13:])),
    "second": jpeg(segment(b"other\0"), b"\xff\xfe\0\x06wow!", exif(tiff(6))),
    "behind fill bytes": jpeg(b"\xff\xff\xff", exif(tiff(6))),
    "behind junk": jpeg(segment(b"other"), b"junk", exif(tiff(6))),
    "behind an empty segment": jpeg(b"\xff\xe2\0\0", b"\xff\xe1\0\2", exif(tiff(6))),
    "behind the pixels": file_of("JPEG") + exif(tiff(6)),
    "XMP": jpeg(segment(XMP + b'<\xff tiff:Orientation="6" tiff:Orientation="3"/>\n')),
    "XMP, as an element": jpeg(segment(XMP + b"<tiff:Orientation>8</tiff:Orientation>")),
    "XMP, none": jpeg(segment(XMP + b"<tiff:Orientation/>")),
    "two XMPs": jpeg(*(segment(XMP + b'tiff:Orientation="%d"' % k) for k in (5, 7))),
    "XMP and EXIF": jpeg(segment(XMP + b'tiff:Orientation="6"'), exif(tiff(3))),
    "XMP and EXIF without it": jpeg(segment(XMP + b'tiff:Orientation="6"'), exif(tiff(3, many=0))),
    "XMP and bad EXIF": jpeg(segment(XMP + b'tiff:Orientation="6"'), exif(b"IM" + tiff(3)[2:])),
    "PNG, behind the pixels": png(tiff(6), behind=True),
    "PNG, bad": png(tiff(6)[:15]),
    "PNG, a word": png(b"eXIf"),
    "WebP, with the name": webp(b"Exif\0\0" + tiff(6)),
    "WebP, bad": webp(tiff(6)[:15]),
    "WebP, XMP": file_of("WEBP", xmp=b'tiff:Orientation="6"'),
    "WebP, both": file_of("WEBP", exif=tiff(0), xmp=b'tiff:Orientation="6"'),
}
CLEAR = picture().quantize(16)
DEEP = Image.fromarray(np.arange(64, dtype="uint16").reshape(8, 8) * 1000)


def small_frame() -> bytes:
    """A GIF whose first frame leaves a margin."""
    file = bytearray(file_of("GIF", CLEAR))
    file[6:10] = struct.pack("<HH", WIDTH + 9, HEIGHT + 5)
    return bytes(file)


def without_adobe() -> bytes:
    file = file_of("JPEG", picture("CMYK"))
    start = file.index(b"\xff\xee")
    return file[:start] + file[start + 2 + int.from_bytes(file[start + 2 : start + 4], "big") :]


def moving(mode: str) -> bytes:
    frames = [picture(mode).rotate(90 * k) for k in range(3)]
    return file_of("WEBP", frames[0], save_all=True, append_images=frames[1:], lossless=True, exif=tiff(6))


ALIKE: dict[str, bytes] = {
    **{
        f"JPEG {sampling} {progressive} {quality}": file_of(
            "JPEG", subsampling=sampling, progressive=progressive, quality=quality
        )
        for sampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1")
        for progressive in (False, True)
        for quality in (30, 95)
    },
    "grey JPEG": file_of("JPEG", picture("L")),
    "CMYK JPEG": file_of("JPEG", picture("CMYK")),
    "RGB JPEG": file_of("JPEG", keep_rgb=True),
    "two JPEGs": file_of("MPO", save_all=True, append_images=[picture().rotate(180)]),
    **{f"WebP {mode}": file_of("WEBP", picture(mode), quality=60) for mode in ("RGB", "RGBA", "L")},
    **{f"lossless WebP {mode}": file_of("WEBP", picture(mode), lossless=True) for mode in ("RGB", "RGBA")},
    **{f"WebP that moves, {mode}": moving(mode) for mode in ("RGB", "RGBA")},
    **{f"PNG {mode}": file_of("PNG", picture(mode)) for mode in ("RGBA", "LA", "L", "1")},
    "GIF": file_of("GIF", CLEAR),
    "GIF that moves": file_of("GIF", CLEAR, save_all=True, append_images=[CLEAR.rotate(180)]),
    "BMP": file_of("BMP"),
}
NOT_ALIKE: dict[str, bytes] = {
    "GIF with transparency": file_of("GIF", CLEAR, transparency=CLEAR.getpixel((0, 0))),
    "GIF of a small frame": small_frame(),
    "BMP with a palette": file_of("BMP", CLEAR),
    "BMP of two colours": file_of("BMP", picture("1")),
    "BMP with more behind it": file_of("BMP") + b"\0\0",
    "PNG of 16 bits": file_of("PNG", DEEP),
    "CMYK JPEG without Adobe's marker": without_adobe(),
}
