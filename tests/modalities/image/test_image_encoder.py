"""The encoder of pictures: the same numbers in every format, its places, sizes and names."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from parity import runners
from small_networks import SIZE, check_parity, random_pixels, raw_model

from mmkeras.modalities.image.encoder import encode_image
from mmkeras.modalities.image.layers import Augment, Rescale, Resize
from mmkeras.modalities.image.resize import resize_pixels

SHAPES = [(1, 1), (8, 8), (31, 33), (32, 32), (1, 200), (97, 131), (375, 500), (501, 333)]
FORMATS = ("savedmodel", "litert", "onnx")


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return raw_model(lambda pixels: encode_image(pixels, 24, 16, "photo"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_same_numbers(kind: str, model: keras.Model) -> None:
    check_parity(model, runners(model, [kind])[kind], SHAPES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", FORMATS)
def test_a_photograph_of_twelve_megapixels(kind: str, model: keras.Model) -> None:
    check_parity(model, runners(model, [kind])[kind], [(3024, 4032)])


# -- the encoder


@pytest.mark.parametrize(("size", "places"), [(16, 16), (32, 16), (64, 16), (96, 36), (112, 49), (128, 16), (224, 49)])
def test_tokens_are_the_places_of_the_map(size: int, places: int) -> None:
    assert encode_image(keras.Input((size, size, 3)), 24, 4, "photo").shape == (None, places, 24)


def test_one_dial_sets_the_size() -> None:
    def n_parameters(size: int) -> int:
        pixels = keras.Input((96, 96, 3))
        return int(keras.Model(pixels, encode_image(pixels, 64, size, "photo")).count_params())

    assert n_parameters(32) < 80_000
    assert 2.5 < n_parameters(64) / n_parameters(32) < 4


def test_two_columns_have_names_of_their_own() -> None:
    one, two = keras.Input((SIZE, SIZE, 3)), keras.Input((SIZE, SIZE, 3))
    tokens = [encode_image(one, 8, 4, "front"), encode_image(two, 8, 4, "back")]
    names = [layer.name for layer in keras.Model([one, two], tokens).layers if layer not in (one, two)]
    assert all(name.startswith(("front_", "back_", "keras_", "input_")) for name in names)
    assert {"front_stem", "back_stem", "front_tokens", "back_tokens"} <= set(names)


def test_what_was_saved_is_the_same_when_loaded(model: keras.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "m.keras")
    photo = random_pixels(2, 40, 50)
    custom = {"Resize": Resize, "Rescale": Rescale, "Augment": Augment}
    loaded = keras.models.load_model(tmp_path / "m.keras", custom_objects=custom)
    assert (loaded(photo, training=False)["tokens"].numpy() == model(photo, training=False)["tokens"].numpy()).all()


@pytest.mark.slow
def test_it_learns_digits() -> None:
    """1,797 digits of 8 x 8 pixels; a fifth, by other writers, held out."""
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = np.repeat((digits.images * 15.9).astype("uint8")[..., None], 3, axis=3)
    pixels = np.stack([resize_pixels(image, SIZE) for image in images])
    raw = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    tokens = encode_image(Rescale()(Augment(flip=False, crop=0.2)(raw)), 32, 32, "digit")
    logits = keras.layers.Dense(10)(keras.layers.GlobalAveragePooling1D()(tokens))
    model = keras.Model(raw, logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, 8 * 45)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    model.fit(pixels[360:], digits.target[360:], batch_size=32, epochs=8, verbose=0)
    assert model.evaluate(pixels[:360], digits.target[:360], verbose=0)[1] > 0.95
