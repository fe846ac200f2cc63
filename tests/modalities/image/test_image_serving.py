"""Pictures as clients of TF Serving send them: their orientation, and the files that are decoded as in training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
import tensorflow as tf
from odd_pictures import (
    BIG,
    HEIGHT,
    LITTLE,
    ODD,
    SIZE,
    WIDTH,
    assert_read_alike,
    exif,
    far_tag,
    file_of,
    jpeg,
    png,
    read,
    tiff,
    webp,
)
from PIL import Image

from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.serving import read_pictures

# which way up


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize("write", [lambda data: jpeg(exif(data)), png, webp], ids=["jpeg", "png", "webp"])
def test_each_orientation(write: Any, order: str) -> None:
    files = [write(tiff(orientation, order)) for orientation in range(1, 9)]
    assert len({decode_image(file).tobytes() for file in files}) == 8, "each turns it in a way of its own"
    assert decode_image(files[5]).shape == (WIDTH, HEIGHT, 3)
    assert_read_alike(files)


def test_in_a_saved_signature(tmp_path: Path) -> None:
    """The parser of a file is a loop in a loop in a function there."""

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
    for actual, file in zip(pixels, files, strict=False):
        np.testing.assert_array_equal(actual, resize_pixels(decode_image(file), SIZE))
    assert not pixels[-1].any()


def test_odd_and_damaged_orientations() -> None:
    """The graph reads the orientations that Pillow reads, and no others."""
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


# what clients of TF Serving send


def test_pictures_are_read_as_training_reads_them() -> None:

    from mmkeras.modalities.image.serving import read_pictures

    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (23, 17, 4), "uint8"), "RGBA")
    smooth = noise.convert("RGB").resize((64, 48))
    alpha = {f"{mode} PNG": mixtures.file_of(noise.convert(mode), "PNG") for mode in ("RGBA", "LA", "RGB", "L", "1")}
    palettes = {f"PNG of {n} colours": mixtures.file_of(smooth.quantize(n), "PNG") for n in (2, 4, 16, 256)}
    clear = mixtures.file_of(smooth.quantize(4), "PNG", transparency=2)
    others = {
        "PNG of 4 colours, one transparent": clear,
        "JPEG": mixtures.file_of(smooth, "JPEG", quality=80),
        "grey JPEG": mixtures.file_of(smooth.convert("L"), "JPEG"),
        "BMP": mixtures.file_of(smooth, "BMP"),
        "GIF": mixtures.file_of(smooth.quantize(64), "GIF"),
    }
    files = alpha | palettes | others
    pixels, present = read_pictures(np.array([*files.values(), b""], object), 16)
    assert present.numpy().ravel().tolist() == [1] * len(files) + [0]
    for actual, (name, file) in zip(pixels.numpy(), files.items(), strict=False):
        np.testing.assert_array_equal(actual, resize_pixels(decode_image(file), 16), err_msg=name)
    assert not pixels[-1].numpy().any()
