"""Augmentation of pictures in training."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_networks import SIZE, random_pixels, raw_model

from mmkeras.modalities.image.encoder import encode_image
from mmkeras.modalities.image.layers import Augment


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return raw_model(lambda pixels: encode_image(pixels, 24, 16, "photo"))


def test_augmentation_rests_at_inference(model: keras.Model) -> None:
    photo = random_pixels(3, SIZE, SIZE)
    assert (Augment()(photo, training=False).numpy() == photo).all()
    draws = model.get_layer("augmented").draws.numpy()
    model(photo, training=False)
    model.predict(photo, verbose=0)
    assert model.get_layer("augmented").draws.numpy() == draws


def test_augmentation_changes_pictures_in_training() -> None:
    photo, layer = random_pixels(8, SIZE, SIZE), Augment(seed=1)
    first, second = layer(photo, training=True).numpy(), layer(photo, training=True).numpy()
    assert first.shape == photo.shape
    assert first.min() >= 0
    assert first.max() <= 255
    assert not np.allclose(first, second)
    assert np.abs(first[0] - first[1]).mean() > 1
    again = Augment(seed=1)
    assert (again(photo, training=True).numpy() == first).all()
    assert not np.allclose(Augment(seed=2)(photo, training=True), first)


def test_nothing_to_change_changes_nothing() -> None:
    photo = random_pixels(4, SIZE, SIZE)
    changed = Augment(flip=False, crop=0.0, colour=0.0)(photo, training=True)
    np.testing.assert_allclose(changed, photo, atol=1e-3)


def test_half_of_the_pictures_are_mirrored() -> None:
    photo = np.repeat(random_pixels(1, SIZE, SIZE), 400, axis=0)
    changed = Augment(crop=0.0, colour=0.0)(photo, training=True).numpy()
    mirrored = np.isclose(changed, photo[:, :, ::-1], atol=1e-3).all(axis=(1, 2, 3))
    same = np.isclose(changed, photo, atol=1e-3).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    assert 140 < mirrored.sum() < 260


def test_a_cut_shows_a_part_of_the_picture() -> None:
    ramp = np.tile(np.arange(SIZE, dtype="uint8")[:, None, None] * 8, (200, 1, SIZE, 3))
    cut = Augment(crop=0.5, colour=0.0, flip=False)(ramp, training=True).numpy()
    assert (np.diff(cut[:, :, 0, 0], axis=1) > -1e-3).all(), "rows stay in order"
    height = (cut[:, -1, 0, 0] - cut[:, 0, 0, 0]) / 8 / (SIZE - 1)
    assert height.min() > 0.47
    assert height.max() <= 1.0
    assert height.std() > 0.1


def test_colours_change_by_no_more_than_asked() -> None:
    grey = np.full((100, SIZE, SIZE, 3), 100, "uint8")
    changed = Augment(crop=0.0, colour=0.2)(grey, training=True).numpy()
    assert changed.min() > 79
    assert changed.max() < 121
    assert changed.std(axis=(1, 2, 3)).max() < 1e-3
    assert changed[:, 0, 0, 0].std() > 5


def test_an_interrupted_training_draws_on(tmp_path: Path) -> None:
    photo = random_pixels(2, SIZE, SIZE)
    whole = keras.Sequential([keras.Input((SIZE, SIZE, 3), dtype="uint8"), Augment(seed=5)])
    whole(photo, training=True)
    whole.save_weights(tmp_path / "a.weights.h5")
    want = whole(photo, training=True).numpy()
    resumed = keras.Sequential([keras.Input((SIZE, SIZE, 3), dtype="uint8"), Augment(seed=5)])
    resumed.load_weights(tmp_path / "a.weights.h5")
    assert (resumed(photo, training=True).numpy() == want).all()


def test_xla_compiles_the_augmentation() -> None:
    photo, layer = random_pixels(4, SIZE, SIZE), Augment(seed=1)
    compiled = tf.function(lambda x: layer(x, training=True), jit_compile=True)
    first, second = compiled(photo).numpy(), compiled(photo).numpy()
    assert not np.allclose(first, second)
    assert layer.draws.numpy() == 2
    assert first.min() >= 0
    assert first.max() <= 255
