"""Pictures as clients of TF Serving send them: which way up they are, and which files are read as training reads them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.same_pixels import read_alike
from mmkeras.modalities.image.serving import read_pictures
from mmkeras.verification.clean_process.client_inputs import served

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
    for k, (found, file) in enumerate(zip(pixels.numpy(), files, strict=True)):
        np.testing.assert_array_equal(found, resize_pixels(decode_image(file), SIZE), err_msg=str(k))


# which way up


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize("write", [lambda data: jpeg(exif(data)), png, webp], ids=["jpeg", "png", "webp"])
def test_each_orientation(write: Any, order: str) -> None:
    files = [write(tiff(orientation, order)) for orientation in range(1, 9)]
    assert len({decode_image(file).tobytes() for file in files}) == 8, "each turns it in a way of its own"
    assert decode_image(files[5]).shape == (WIDTH, HEIGHT, 3)
    assert_read_alike(files)


def test_in_a_saved_signature(tmp_path: Path) -> None:
    """The walk through a file is a loop in a loop in a function there."""

    class Serving(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
        def read(self, data: Any) -> Any:
            return {"pixels": read_pictures(data, SIZE)[0]}

    module = Serving()
    tf.saved_model.save(module, str(tmp_path), signatures={"serving_default": module.read})
    files = [jpeg(exif(tiff(orientation, BIG))) for orientation in range(1, 9)]
    files += [file_of("JPEG"), png(tiff(6)), webp(tiff(8)), file_of("BMP"), file_of("GIF")]
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    pixels = loaded(data=tf.constant([*files, b""]))["pixels"].numpy()
    for found, file in zip(pixels, files, strict=False):
        np.testing.assert_array_equal(found, resize_pixels(decode_image(file), SIZE))
    assert not pixels[-1].any()


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


def test_odd_and_damaged_orientations() -> None:
    """What Pillow takes is taken, and what it leaves is left."""
    stored = {name: decode_image(file).shape == (HEIGHT, WIDTH, 3) for name, file in ODD.items()}
    assert 10 < sum(stored.values()) < len(ODD) - 10, "some are turned, some are not"
    assert_read_alike(list(ODD.values()))


def test_exif_cut_anywhere() -> None:
    whole = tiff(6, BIG, before=b"\1\x0f\0\2\0\0\0\1A\0\0\0")
    assert_read_alike([jpeg(exif(whole[:kept])) for kept in range(len(whole) + 1)])


def test_changed_bytes() -> None:
    rng = np.random.default_rng(1)
    whole, files = exif(tiff(6, before=far_tag(8)) + bytes(30)), []
    for _ in range(150):
        changed = bytearray(whole)
        changed[rng.integers(10, 40)] = rng.integers(0, 256)
        files.append(jpeg(bytes(changed)))
    assert_read_alike(files)


@pytest.mark.parametrize(
    "file",
    [b"\xff\xd8\xff", b"\xff\xd8\xff\xe1", jpeg(exif(tiff(6)))[:40], b"\x89PNG", b"RIFF", b"RIFF1234WEBP", b"x"],
)
def test_short_files_are_refused_for_what_they_are(file: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"JPEG"):
        read(tf.constant([file]))


# which files are read alike

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


def test_files_that_are_read_alike() -> None:
    assert all(read_alike(file) for file in [*ALIKE.values(), *ODD.values()])
    assert_read_alike(list(ALIKE.values()))


@pytest.mark.parametrize("name", NOT_ALIKE)
def test_files_that_are_not(name: str) -> None:
    """They are read otherwise, or refused: were it not so, `read_alike` should say so."""
    file = NOT_ALIKE[name]
    assert not read_alike(file)
    try:
        pixels = read(tf.constant([file]))[0].numpy()[0]
    except tf.errors.InvalidArgumentError:
        return
    assert not np.array_equal(pixels, resize_pixels(decode_image(file), SIZE))


def test_a_png_that_its_texts_turn_is_not_sent_as_it_is() -> None:
    from PIL.PngImagePlugin import PngInfo

    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", '<tiff:Orientation="6"/>')
    file = file_of("PNG", pnginfo=texts)
    assert decode_image(file).shape == (WIDTH, HEIGHT, 3)
    assert not read_alike(file)


# what the proof sends


def test_the_proof_sends_the_file_itself() -> None:
    entry = {"kind": "image", "name": "photo", "size": SIZE}
    for file in (jpeg(exif(tiff(6))), ALIKE["WebP RGBA"], ALIKE["GIF"]):
        sent, pixels = served(file, entry)
        assert sent == file
        np.testing.assert_array_equal(pixels, decode_image(file))
    assert served(None, entry) == (b"", None)


@pytest.mark.parametrize("value", [*NOT_ALIKE.values(), np.asarray(picture())], ids=[*NOT_ALIKE, "pixels"])
def test_of_other_values_the_proof_sends_their_pixels(value: Any) -> None:
    sent, pixels = served(value, {"kind": "image", "name": "photo", "size": SIZE})
    assert sent.startswith(b"\x89PNG")
    np.testing.assert_array_equal(pixels, decode_image(value) if isinstance(value, bytes) else value)
    np.testing.assert_array_equal(decode_image(sent), pixels)
    assert_read_alike([sent])
