"""The files that TensorFlow decodes to the same pixels as Pillow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from odd_pictures import ALIKE, HEIGHT, NOT_ALIKE, ODD, SIZE, WIDTH, assert_read_alike, file_of, read

from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.same_pixels import decodes_identically


def test_files_that_are_read_alike() -> None:
    assert all(decodes_identically(file) for file in [*ALIKE.values(), *ODD.values()])
    assert_read_alike(list(ALIKE.values()))


@pytest.mark.parametrize("name", NOT_ALIKE)
def test_files_that_are_not(name: str) -> None:
    """TensorFlow decodes them differently, or refuses them; otherwise `decodes_identically` should be true."""
    file = NOT_ALIKE[name]
    assert not decodes_identically(file)
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
    assert not decodes_identically(file)
