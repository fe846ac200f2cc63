"""Image files -> pixels: every format and mode, damaged files, decompression bombs."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmkeras.errors import BadCell
from mmkeras.modalities.image.decode import decode_image

HEIGHT, WIDTH = 24, 40


def picture() -> np.ndarray:
    """Colours that change slowly, so that JPEG changes them little."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 6, y * 10, np.full_like(x, 90)], axis=2).astype("uint8")


def encoded(image: Any, kind: str, **options: Any) -> bytes:
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, depth: int, colour: int, data: bytes = b"", extra: bytes = b"") -> bytes:
    """A PNG by hand: Pillow writes neither zero sizes nor 16-bit colours. data: rows, each after a filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


FILES: dict[str, bytes] = {
    "jpeg": encoded(picture(), "JPEG", quality=95, subsampling=0),
    "progressive": encoded(picture(), "JPEG", quality=95, progressive=True),
    "png": encoded(picture(), "PNG"),
    "webp": encoded(picture(), "WEBP", quality=95),
    "lossless": encoded(picture(), "WEBP", lossless=True),
    "gif": encoded(picture(), "GIF"),
    "bmp": encoded(picture(), "BMP"),
}


@pytest.mark.parametrize(
    ("name", "most"),
    [("jpeg", 8), ("progressive", 12), ("png", 0), ("webp", 20), ("lossless", 0), ("gif", 40), ("bmp", 0)],
)
def test_formats(name: str, most: int, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    pixels = decode_image((tmp_path / name).read_bytes())
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - picture()).max() <= most


def test_two_pictures_in_one_jpeg() -> None:
    """As some phones write them (MPO): the first counts."""
    first, second = Image.fromarray(picture()), Image.new("RGB", (8, 8))
    pixels = decode_image(encoded(first, "MPO", save_all=True, append_images=[second], quality=95))
    assert np.abs(pixels.astype(int) - picture()).mean() < 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (9, 5), colour) for colour in ("red", "blue", "lime")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode_image(encoded(frames[0], kind, save_all=True, append_images=frames[1:], **lossless))
    assert (pixels == (255, 0, 0)).all()
    assert pixels.shape == (5, 9, 3)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "JPEG", "WEBP"])
def test_greyscale(kind: str) -> None:
    grey = picture()[..., 0]
    pixels = decode_image(encoded(grey, kind))
    assert (pixels[..., :1] == pixels).all()
    assert np.abs(pixels[..., 0].astype(int) - grey).max() <= (0 if kind in ("PNG", "BMP") else 12)


def test_one_bit() -> None:
    bits = picture()[..., 0] > 100
    for kind in ("PNG", "BMP", "GIF"):
        assert (decode_image(encoded(Image.fromarray(bits), kind)) == bits[..., None] * 255).all()


def test_palette() -> None:
    image = Image.fromarray(picture()).quantize(16)
    want = np.asarray(image.convert("RGB"))
    for kind in ("PNG", "GIF", "BMP"):
        assert (decode_image(encoded(image, kind)) == want).all()


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_a_transparent_colour(kind: str) -> None:
    image = Image.new("P", (4, 2), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((0, 0), 0)
    pixels = decode_image(encoded(image, kind, transparency=0))
    assert (pixels[0, 0] == 255).all()
    assert (pixels[0, 1:] == (40, 50, 60)).all()


def test_palette_with_transparencies_by_colour() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([0, 0, 0, 100, 100, 100, 200, 0, 0])
    image.putdata([0, 1, 2])
    pixels = decode_image(encoded(image, "PNG", transparency=bytes([255, 0, 51])))
    assert pixels[0].tolist() == [[0, 0, 0], [255, 255, 255], [244, 204, 204]]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_alpha_over_white(kind: str) -> None:
    image = np.full((2, 3, 4), (200, 0, 100, 255), "uint8")
    image[:, 1, 3], image[:, 2, 3] = 0, 51
    pixels = decode_image(encoded(image, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {})))
    assert pixels[0].tolist() == [[200, 0, 100], [255, 255, 255], [244, 204, 224]]


def test_greyscale_with_alpha() -> None:
    image = np.array([[[0, 255], [0, 0], [100, 51]]], "uint8")
    assert decode_image(encoded(Image.fromarray(image, "LA"), "PNG"))[0, :, 1].tolist() == [0, 255, 224]


def test_a_transparent_colour_without_alpha() -> None:
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    assert decode_image(encoded(image, "PNG", transparency=(1, 2, 3)))[0].tolist() == [[255] * 3, [9] * 3]


def test_cmyk() -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)]
    for colour in colours:
        pixels = decode_image(encoded(Image.new("RGB", (16, 16), colour).convert("CMYK"), "JPEG", quality=95))
        assert np.abs(pixels.astype(int) - colour).max() <= 4


def test_sixteen_bits_of_grey_are_scaled() -> None:
    values = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], ">u2")
    data = png(8, 1, 16, 0, b"\0" + values.tobytes())
    assert decode_image(data)[0, :, 0].tolist() == [0, 0, 1, 1, 128, 254, 255, 255]


def test_sixteen_bits_a_channel() -> None:
    row = np.array([[0x1234, 0x8000, 0xFFFF], [0, 0x00FF, 0x0100]], ">u2")
    assert decode_image(png(2, 1, 16, 2, b"\0" + row.tobytes()))[0].tolist() == [[0x12, 0x80, 0xFF], [0, 0, 1]]
    row = np.array([[0x8000, 0xFFFF], [0x8000, 0]], ">u2")  # grey, alpha
    assert decode_image(png(2, 1, 16, 4, b"\0" + row.tobytes()))[0].tolist() == [[128] * 3, [255] * 3]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind: str, orientation: int) -> None:
    """The stored pixels are turned upright; the corners show it."""
    corners = {"red": (0, 0), "lime": (0, 1), "blue": (1, 0), "white": (1, 1)}  # as seen: top or bottom, left or right
    seen = np.zeros((32, 48, 3), "uint8")
    for colour, (down, right) in corners.items():
        seen[down * 16 : down * 16 + 16, right * 24 : right * 24 + 24] = Image.new("RGB", (1, 1), colour).getpixel(
            (0, 0)
        )
    stored = {  # Exif 2.32: where the stored row 0 and column 0 are in the seen picture
        1: seen,  # row 0 is the top, column 0 the left side
        2: seen[:, ::-1],  # top, right side
        3: seen[::-1, ::-1],  # bottom, right side
        4: seen[::-1],  # bottom, left side
        5: seen.transpose(1, 0, 2),  # left side, top
        6: seen[:, ::-1].transpose(1, 0, 2),  # right side, top
        7: seen[::-1, ::-1].transpose(1, 0, 2),  # right side, bottom
        8: seen[::-1].transpose(1, 0, 2),  # left side, bottom
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    pixels = decode_image(encoded(np.ascontiguousarray(stored), kind, exif=exif, **options))
    assert pixels.shape == seen.shape
    assert pixels.flags.c_contiguous
    assert np.abs(pixels.astype(int) - seen).max() <= (8 if kind == "JPEG" else 0)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\1" * 40]
)
def test_damaged_exif_does_not_cost_the_picture(exif: bytes) -> None:
    assert decode_image(encoded(picture(), "JPEG", exif=exif)).shape == (HEIGHT, WIDTH, 3)


def test_an_orientation_that_there_is_not() -> None:
    exif = Image.Exif()
    exif[0x0112] = 99
    assert decode_image(encoded(picture(), "PNG", exif=exif)).shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", r"the image is empty \(0 bytes\)"),
        (
            b"this is text, not pixels",
            r"expected a JPEG, PNG, WebP, GIF or BMP image, received a file that begins with b'this is",
        ),
        (b"\n<!DOCTYPE html><html>404", r"received a web page, perhaps a failed download"),
        (b'<?xml version="1.0"?>\n<svg>', r"received an SVG drawing; save it as PNG"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 30, r"received an HEIC image; save it as JPEG"),
        (b"%PDF-1.7", r"received a PDF document"),
        (encoded(picture(), "TIFF"), r"received a TIFF image"),
        (encoded(picture(), "ICO"), r"received a file that begins with"),
        (b"\x89PNG\r\n\x1a\n", r"damaged or cut short: its header cannot be read"),
        (b"\xff\xd8\xff\xe0", r"damaged or cut short: its header cannot be read"),
        (png(0, 5, 8, 2), r"damaged or cut short: its header cannot be read"),
        (b"GIF89a\0\0\0\0\0\0\0,\0\0\0\0\0\0\0\0\0\2\2\x44\1\0;", r"damaged or cut short"),
        (encoded(picture(), "PNG").replace(b"IDAT", b"IDAX"), r"damaged or cut short"),
    ],
)
def test_what_is_no_picture(data: bytes, words: str) -> None:
    with pytest.raises(BadCell, match=words):
        decode_image(data)


@pytest.mark.parametrize("name", FILES)
def test_files_cut_short(name: str) -> None:
    data = FILES[name]
    for kept in {*range(0, len(data) - 40, 7), len(data) // 2}:
        with pytest.raises(BadCell, match=r"cut short|empty|begins with"):
            decode_image(data[:kept])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=6))
def test_damaged_bytes_never_crash(name: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[name])
    for place, value in changes:
        data[place % min(len(data), 300)] = value  # most of what can go wrong stands at the beginning
    with contextlib.suppress(BadCell):
        pixels = decode_image(bytes(data), 10**6)
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3


def test_the_limit_of_pixels() -> None:
    data = encoded(Image.new("1", (100, 50)), "PNG")
    assert decode_image(data, 5000).shape == (50, 100, 3)
    with pytest.raises(BadCell, match=r"the image is 100 x 50 = 5,000 pixels; at most 4,999 are read"):
        decode_image(data, 4999)


def bombs() -> dict[str, bytes]:
    webp = FILES["lossless"]
    place = webp.index(b"VP8L") + 9  # 14 bits of width - 1, 14 of height - 1
    bits = struct.unpack_from("<I", webp, place)[0] >> 28 << 28 | 16382 | 16382 << 14
    return {
        "png": png(60_000, 60_000, 8, 2),
        "flat.png": png(12_000, 12_000, 1, 0, bytes(12_000 * 1_501)),
        "gif": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2\x44\1\0;",
        "frame.gif": b"GIF89a\5\0\5\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\2\2\x44\1\0;",
        "bmp": struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        "webp": webp[:place] + struct.pack("<I", bits) + webp[place + 4 :],
        "text.png": png(5, 5, 8, 0, bytes(30), chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(30 * 10**6)))),
    }


CHECK = """
import resource, sys
from mmkeras.errors import BadCell
from mmkeras.modalities.image.decode import decode_image
decode_image(open(sys.argv[1], "rb").read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    try:
        decode_image(open(path, "rb").read())
    except BadCell as error:
        print(error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""


def test_bombs_are_refused_by_their_headers(tmp_path: Path) -> None:
    """In a separate process, whose peak memory is measured; it imports no TensorFlow."""
    for name, data in {"a good one.png": FILES["png"], **bombs()}.items():
        (tmp_path / name).write_bytes(data)
    paths = [tmp_path / "a good one.png", *(tmp_path / name for name in bombs())]
    done = subprocess.run([sys.executable, "-c", CHECK, *map(str, paths)], capture_output=True, text=True, check=False)
    assert not done.stderr
    *messages, grown = done.stdout.splitlines()
    assert len(messages) == len(bombs())
    assert messages[0] == "the image says that it has 3,600,000,000 pixels; at most 67,108,864 are read."
    assert all("pixels; at most" in message for message in messages[:-1])
    assert int(grown) < 20_000, "KiB more than for a small picture"
