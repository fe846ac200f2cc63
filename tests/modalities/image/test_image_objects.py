"""Pictures in memory are read as their files are."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
from PIL import Image

from mmkeras.errors import BadCell
from mmkeras.modalities.image.cells import read
from mmkeras.modalities.image.objects import as_file, from_object, is_held
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot

HERE = MediaRoot(".")
RANDOM = np.random.default_rng(3)
PIXELS = RANDOM.integers(0, 256, (7, 5, 4)).astype("uint8")


def pictures() -> dict[str, Image.Image]:
    """A picture of each mode that lossless files have."""
    colour = Image.fromarray(PIXELS[..., :3])
    grey = colour.convert("L")
    return {
        "RGB": colour,
        "RGBA": Image.fromarray(PIXELS),
        "L": grey,
        "LA": Image.merge("LA", (grey, Image.fromarray(PIXELS[..., 3]))),
        "1": grey.convert("1"),
        "P": colour.quantize(16),
        "I;16": Image.fromarray(PIXELS[..., 0].astype("uint16") * 257),
    }


@pytest.mark.parametrize("mode", pictures())
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP"])
def test_an_image_of_pillow_is_its_lossless_file(kind: str, mode: str) -> None:
    picture, file = pictures()[mode], io.BytesIO()
    if (kind == "BMP" and mode in ("RGBA", "LA", "I;16")) or (kind == "WEBP" and mode == "I;16"):
        pytest.skip("the format has no such pictures")
    picture.save(file, kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    by_file = read(file.getvalue(), {}, HERE)
    assert np.array_equal(from_object(Image.open(io.BytesIO(file.getvalue()))), by_file)
    assert np.array_equal(from_object(picture), by_file)


def test_an_image_that_is_to_be_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS[..., :3]).save(tmp_path / "p.png", exif=exif)
    by_path = read("p.png", {}, MediaRoot(f"{tmp_path}"))
    assert by_path is not None
    assert by_path.shape == (5, 7, 3)
    with Image.open(tmp_path / "p.png") as picture:
        assert np.array_equal(from_object(picture), by_path)


def test_arrays() -> None:
    colour = PIXELS[..., :3]
    for array in (
        colour,
        colour.astype("int64"),
        colour / 255.0,
        (colour / 255).astype("float32"),
        colour[..., ::-1][..., ::-1],
    ):
        assert np.array_equal(from_object(array), colour)
    grey = np.repeat(PIXELS[..., :1], 3, axis=2)
    for array in (PIXELS[..., 0], PIXELS[..., :1]):
        assert np.array_equal(from_object(array), grey)
    assert np.array_equal(from_object(PIXELS), from_object(Image.fromarray(PIXELS)))


REFUSED: dict[str, tuple[Any, str]] = {
    "channels first": (np.zeros((3, 9, 8)), r"give array.transpose\(1, 2, 0\)"),
    "four dimensions": (np.zeros((1, 9, 8, 3)), "received an ndarray of shape"),
    "no pixels": (np.zeros((0, 8, 3)), "received an ndarray of shape"),
    "floats to 255": (np.full((4, 4, 3), 200.0), "with values from 200 to 200"),
    "negative": (np.full((4, 4, 3), -1), "with values from -1 to -1"),
    "too large": (np.full((4, 4), 300, "uint16"), "with values from 300 to 300"),
    "NaN": (np.full((4, 4), np.nan), "with values from nan to nan"),
    "texts": (np.full((4, 4), "a"), "dtype <U1"),
    "a number": (3, "received an int"),
    "a list": ([[1, 2]], "received a list"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_picture_is_a_sentence(name: str) -> None:
    value, word = REFUSED[name]
    with pytest.raises(BadCell, match=word):
        from_object(value)


def test_in_a_table_a_picture_is_a_data_uri_without_loss() -> None:
    for value in (Image.fromarray(PIXELS), PIXELS[..., :3], mixtures.file_of(mixtures.picture(1, "high"), "PNG")):
        assert is_held(value)
        uri = data_uri(value)
        assert uri.startswith("data:image/png;base64,")
        expected = read(value, {}, HERE) if isinstance(value, bytes) else from_object(value)
        assert np.array_equal(read(uri, {}, HERE), expected)
        assert as_file(value)[0] == "image/png"
    with pytest.raises(BadCell, match="received 3 bytes"):
        data_uri(b"abc")
