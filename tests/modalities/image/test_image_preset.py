"""Pretrained networks of pictures, with random weights: the same numbers in every format, and how their pixels are scaled."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from parity import runners
from small_networks import SIZE, check_parity, random_pixels, raw_model

from mmkeras.errors import InputError
from mmkeras.modalities.image.preset import encode_with, read_image_preset


def encode_image_preset(pixels: Any, width: int, preset: str, trainable: bool, name: str) -> Any:
    return encode_with(read_image_preset(preset, pixels.shape[1], f"{name}_backbone"), pixels, width, trainable, name)


def check_preset(preset: str, trainable: bool, most: float = 1e-5) -> keras.Model:
    model = raw_model(lambda pixels: encode_image_preset(pixels, 16, preset, trainable, "photo"))
    backbone = model.get_layer("photo_backbone")
    assert bool(backbone.trainable_variables) == trainable
    for runner in runners(model).values():
        check_parity(model, runner, [(SIZE, SIZE), (40, 57)], most)
    return model


def residual_network(folder: Path, with_converter: bool = True) -> str:
    import keras_hub

    keras.utils.set_random_seed(1)
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    backbone.save_to_preset(str(folder))
    if with_converter:
        scale, offset = [0.017, 0.018, 0.019], [-2.1, -2.0, -1.8]
        keras_hub.layers.ResNetImageConverter(image_size=(64, 64), scale=scale, offset=offset).save_to_preset(
            str(folder)
        )
    return str(folder)


@pytest.mark.slow
@pytest.mark.parametrize("trainable", [False, True])
def test_a_preset_of_keras_hub(trainable: bool, tmp_path: Path) -> None:
    import keras_hub

    folder = residual_network(tmp_path / "preset")
    model = check_preset(folder, trainable)
    if not trainable:  # else its statistics have moved
        photo = random_pixels(2, SIZE, SIZE)
        seen = (photo * np.array([0.017, 0.018, 0.019]) + np.array([-2.1, -2.0, -1.8])).astype("float32")
        want = keras_hub.models.Backbone.from_preset(folder)(seen, training=False)
        np.testing.assert_allclose(backbone_output(model, photo), want, atol=1e-4)


def backbone_output(model: keras.Model, photo: np.ndarray) -> Any:
    """The map that the tokens are made of."""
    return keras.Model(model.input, model.get_layer("photo_places").input)(photo, training=False)


@pytest.mark.slow
def test_a_preset_with_tokens_of_its_own(tmp_path: Path) -> None:
    import keras_hub

    keras.utils.set_random_seed(1)
    folder = tmp_path / "preset"
    keras_hub.models.ViTBackbone((SIZE, SIZE, 3), 8, 2, 2, 16, 32).save_to_preset(str(folder))
    scale = {"scale": 1 / 127.5, "offset": -1.0}
    keras_hub.layers.ViTImageConverter(image_size=(SIZE, SIZE), **scale).save_to_preset(str(folder))
    model = raw_model(lambda pixels: encode_image_preset(pixels, 16, str(folder), False, "photo"))
    assert model.output["tokens"].shape == (None, 17, 16)
    check_parity(model, runners(model, ["savedmodel"])["savedmodel"], [(40, 57)])
    with pytest.raises(InputError, match=r"takes 32 x 32 pixels, not 64 x 64"):
        encode_image_preset(keras.Input((64, 64, 3)), 16, str(folder), False, "photo")


def test_presets_that_cannot_be_used(tmp_path: Path) -> None:
    pixels = keras.Input((SIZE, SIZE, 3))
    with pytest.raises(InputError, match=r"preset:.*none cannot be loaded: .*save_to_preset"):
        encode_image_preset(pixels, 16, str(tmp_path / "none"), False, "photo")
    with pytest.raises(InputError, match=r"preset:MobileNetV2:.* cannot be loaded"):
        encode_image_preset(pixels, 16, f"MobileNetV2:{tmp_path}/none.weights.h5", False, "photo")
    folder = residual_network(tmp_path / "preset", with_converter=False)
    with pytest.raises(InputError, match=r"image_converter\.json"):  # how are its pixels scaled? Do not guess
        encode_image_preset(pixels, 16, folder, False, "photo")


@pytest.mark.slow
def test_a_network_of_keras_applications(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    weights = tmp_path / "random.weights.h5"
    network = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # statistics of one batch, else a random network's signal dies out
    network(random_pixels(64, SIZE, SIZE) / 127.5 - 1, training=True)
    network.save_weights(weights)
    # 52 random convolutions, each normalised, magnify noise: 7e-5 was seen
    model = check_preset(f"MobileNetV2:{weights}", False, most=3e-4)
    photo = random_pixels(2, SIZE, SIZE)
    want = network(photo.astype("float32") / 127.5 - 1, training=False)
    np.testing.assert_allclose(backbone_output(model, photo), want, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_a_network_with_blue_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.modalities.image import preset as preset_module

    seen = keras.Input((SIZE, SIZE, 3))
    network = keras.Model(seen, keras.layers.AveragePooling2D(8)(seen), name="photo_backbone")
    monkeypatch.setattr(preset_module, "_load_application", lambda *_: (network, 1.0, [-124.0, -117.0, -104.0], True))
    model = raw_model(lambda pixels: encode_image_preset(pixels, 16, "VGG16", False, "photo"))
    for runner in runners(model).values():
        check_parity(model, runner, [(SIZE, SIZE)])
    photo = random_pixels(2, SIZE, SIZE)
    want = network(keras.applications.vgg16.preprocess_input(photo.astype("float32")))
    np.testing.assert_allclose(backbone_output(model, photo), want, atol=0.4)  # 123.68, 116.779 and 103.939 in truth


@pytest.mark.parametrize("kind", ["MobileNetV2", "EfficientNetB0", "DenseNet121", "ResNet50", "ConvNeXtTiny"])
def test_how_pixels_are_scaled_is_found_out(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.modalities.image import preset as preset_module

    build = getattr(keras.applications, kind)
    module = inspect.getmodule(build)
    monkeypatch.setattr(preset_module.inspect, "getmodule", lambda _: module)
    monkeypatch.setattr(keras.applications, kind, lambda **options: None)
    _, scale, offset, blue_first = preset_module._load_application(kind, SIZE, "x")
    photo = random_pixels(4, 4).astype("float32")
    want = module.preprocess_input(photo.copy())
    got = photo * scale + offset
    np.testing.assert_allclose(got[..., ::-1] if blue_first else got, want, rtol=1e-4, atol=1e-3)
