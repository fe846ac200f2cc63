"""The resize: NumPy's and the graph's, by the formula."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from small_networks import SIZE, random_pixels

from mmkeras.modalities.image.layers import Resize
from mmkeras.modalities.image.resize import TAPS, UNITS, resize_pixels, sampling_weights

SHAPES = [(1, 1), (8, 8), (31, 33), (32, 32), (1, 200), (97, 131), (375, 500), (501, 333)]


# -- the resize


def test_a_picture_of_the_right_size_stays_as_it_is() -> None:
    photo = random_pixels(2, SIZE, SIZE)
    assert (Resize(SIZE)(photo).numpy() == photo).all()
    assert (resize_pixels(photo[0], SIZE) == photo[0]).all()


@pytest.mark.parametrize("size", [1, 7, 32, 96])
def test_numpy_and_the_layer_agree(size: int) -> None:
    layer = Resize(size)
    for height, width in SHAPES:
        photo = random_pixels(2, height, width)
        want = np.stack([resize_pixels(one, size) for one in photo])
        got = layer(photo).numpy()
        assert got.dtype == want.dtype == np.uint8
        assert (got == want).all(), f"{height} x {width}"


def test_resized_twice_is_resized_once() -> None:
    photo = random_pixels(97, 131)
    once = resize_pixels(photo, SIZE)
    assert (Resize(SIZE)(once[None]).numpy() == once).all()


def test_magnified_it_is_the_usual_bilinear() -> None:
    photo = random_pixels(1, 9, 13)
    want = tf.image.resize(tf.cast(photo, tf.float32), (SIZE, SIZE), "bilinear").numpy()
    # shares are whole 32nds: an axis is off by half of one at most
    assert np.abs(Resize(SIZE)(photo).numpy() - want).max() <= 2 * 255 / UNITS / 2 + 0.5


def test_halved_it_is_the_mean_of_four() -> None:
    smooth = np.repeat(np.repeat(random_pixels(SIZE, SIZE), 2, axis=0), 2, axis=1)
    shrunk = resize_pixels(smooth, SIZE).astype(int)
    # samples reach a little beyond the pixels that a result covers, as any smooth filter's do
    assert np.abs(shrunk - smooth[::2, ::2]).mean() < 0.2 * np.abs(shrunk - shrunk.mean()).mean()


def test_fine_patterns_become_grey_not_noise() -> None:
    y, x = np.mgrid[0:256, 0:256]
    board = np.repeat((((x + y) % 2) * 255).astype("uint8")[..., None], 3, axis=2)
    inside = resize_pixels(board, SIZE)[1:-1, 1:-1]
    assert np.abs(inside.astype(int) - 127).max() <= 1
    plain = tf.image.resize(board[:250, :250].astype("float32"), (SIZE, SIZE)).numpy()
    assert plain.std() > 3 * resize_pixels(board[:250, :250], SIZE).std(), "what the plain one makes of it"


def test_one_colour_stays_that_colour() -> None:
    for value in (0, 1, 127, 254, 255):
        for shape in SHAPES:
            assert (resize_pixels(np.full((*shape, 3), value, "uint8"), SIZE) == value).all()


@pytest.mark.parametrize("size", [1, 5, 32, 96, 224, 256])
def test_samples_are_where_the_formula_says(size: int) -> None:
    for length in (1, 2, size, size + 1, 3 * size + 1, 4032, 10**6):
        indices, shares = sampling_weights(np.int32(length), size, np)
        assert indices.dtype == np.int32
        assert (shares.sum(axis=1) == TAPS * UNITS).all()
        assert shares.min() >= 0
        assert indices.min() >= 0
        assert indices.max() < length
        result, tap = np.mgrid[0:size, 0:TAPS]
        place = (result + 0.5) * length / size - 0.5 + ((tap + 0.5) / TAPS - 0.5) * max(length / size - 1, 0)
        before, behind = indices.reshape(size, TAPS, 2).transpose(2, 0, 1).astype("float64")
        sampled = before + (behind - before) * shares.reshape(size, TAPS, 2)[..., 1] / UNITS
        assert np.abs(sampled - place.clip(0, length - 1)).max() <= 0.5 / UNITS + 1e-9


# -- augmentation


def test_xla_compiles_the_resize() -> None:
    photo = random_pixels(2, 50, 40)
    assert (tf.function(Resize(SIZE), jit_compile=True)(photo).numpy() == Resize(SIZE)(photo).numpy()).all()
