"""Image layers and encoders: the same numbers in every format, augmentation in training alone."""

from __future__ import annotations

import contextlib
import inspect
import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.errors import InputError
from mmkeras.modalities.image.encoder import encode_image
from mmkeras.modalities.image.layers import Augment, Rescale, Resize
from mmkeras.modalities.image.preset import encode_with, read_image_preset
from mmkeras.modalities.image.resize import TAPS, UNITS, resize_pixels, samples

SIZE = 32
SHAPES = [(1, 1), (8, 8), (31, 33), (32, 32), (1, 200), (97, 131), (375, 500), (501, 333)]
OUTPUTS = ("pixels", "tokens")
Run = Callable[[np.ndarray], dict[str, np.ndarray]]


def encode_image_preset(pixels: Any, width: int, preset: str, trainable: bool, name: str) -> Any:
    return encode_with(read_image_preset(preset, pixels.shape[1], f"{name}_backbone"), pixels, width, trainable, name)


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    """The hardest pictures to resize alike: neighbours have nothing in common."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype="uint8")


def shaken(model: keras.Model, seed: int = 0) -> keras.Model:
    """Fresh batch normalisation divides by one: give it the statistics of pictures, so that errors are seen."""
    keras.utils.set_random_seed(seed)
    model(random_pixels(16, SIZE, SIZE), training=True)
    return model


def raw_model(encode: Callable[[Any], Any], size: int = SIZE) -> keras.Model:
    """What is exported: pixels of any size -> what the network sees, and its tokens."""
    keras.utils.set_random_seed(0)
    raw = keras.Input((None, None, 3), dtype="uint8", name="photo")
    pixels = Resize(size, name="resized")(raw)
    tokens = encode(Rescale(name="rescaled")(Augment(name="augmented")(pixels)))
    return shaken(keras.Model(raw, {"pixels": pixels, "tokens": tokens}))


def function_of(model: keras.Model, shape: tuple[int | None, ...]) -> Any:
    """As the exporters call a model: variables tracked, `training` off."""
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    call = tf.function(lambda photo: {k: tf.identity(v) for k, v in model(photo, training=False).items()})
    return module, call.get_concrete_function(tf.TensorSpec(shape, tf.uint8, "photo"))


def saved_model_runner(model: keras.Model, folder: Path) -> Run:
    module, call = function_of(model, (None, None, None, 3))
    tf.saved_model.save(module, str(folder), signatures={"tensors": call})
    loaded = tf.saved_model.load(str(folder)).signatures["tensors"]
    return lambda photo: {name: value.numpy() for name, value in loaded(photo=tf.constant(photo)).items()}


def litert_runner(model: keras.Model, folder: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    module, call = function_of(model, (None, None, None, 3))
    tf.saved_model.save(module, str(folder / "lite"), signatures={"predict": call})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "lite"), signature_keys=["predict"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with contextlib.redirect_stdout(io.StringIO()):
        content = converter.convert()
    interpreter = Interpreter(model_content=content, num_threads=1)
    signature = interpreter.get_signature_runner("predict")
    return lambda photo: signature(photo=photo)


def onnx_runner(model: keras.Model, folder: Path) -> Run:
    import onnx
    import onnxruntime
    import tf2onnx

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    spec = [tf.TensorSpec((None, None, None, 3), tf.uint8, "photo")]
    call = tf.function(lambda photo: [model(photo, training=False)[name] for name in OUTPUTS], input_signature=spec)
    proto, _ = tf2onnx.convert.from_function(call, input_signature=spec, opset=18)
    onnx.checker.check_model(proto, full_check=True)
    assert {node.domain for node in proto.graph.node} == {""}
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda photo: dict(zip(OUTPUTS, session.run(None, {"photo": photo}), strict=True))


RUNNERS = {"savedmodel": saved_model_runner, "litert": litert_runner, "onnx": onnx_runner}


def check_parity(model: keras.Model, runner: Run, shapes: list[tuple[int, int]], most: float = 1e-5) -> None:
    for batch in (1, 4):
        for height, width in shapes:
            photo = random_pixels(batch, height, width, seed=height)
            want, got = model(photo, training=False), runner(photo)
            assert (got["pixels"] == want["pixels"].numpy()).all(), f"{height} x {width}"
            assert (got["pixels"][0] == resize_pixels(photo[0], SIZE)).all()
            np.testing.assert_allclose(got["tokens"], want["tokens"], rtol=0, atol=most)
            assert np.std(want["tokens"]) > 0.1, "all the same proves nothing"


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return raw_model(lambda pixels: encode_image(pixels, 24, 16, "photo"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", RUNNERS)
def test_every_format_gives_the_same_numbers(kind: str, model: keras.Model, tmp_path: Path) -> None:
    check_parity(model, RUNNERS[kind](model, tmp_path), SHAPES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RUNNERS)
def test_a_photograph_of_twelve_megapixels(kind: str, model: keras.Model, tmp_path: Path) -> None:
    check_parity(model, RUNNERS[kind](model, tmp_path), [(3024, 4032)])


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
        indices, shares = samples(np.int32(length), size, np)
        assert indices.dtype == np.int32
        assert (shares.sum(axis=1) == TAPS * UNITS).all()
        assert shares.min() >= 0
        assert indices.min() >= 0
        assert indices.max() < length
        result, tap = np.mgrid[0:size, 0:TAPS]
        place = (result + 0.5) * length / size - 0.5 + ((tap + 0.5) / TAPS - 0.5) * max(length / size - 1, 0)
        before, behind = indices.reshape(size, TAPS, 2).transpose(2, 0, 1).astype("float64")
        found = before + (behind - before) * shares.reshape(size, TAPS, 2)[..., 1] / UNITS
        assert np.abs(found - place.clip(0, length - 1)).max() <= 0.5 / UNITS + 1e-9


# -- augmentation


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


def test_xla_compiles_the_resize() -> None:
    photo = random_pixels(2, 50, 40)
    assert (tf.function(Resize(SIZE), jit_compile=True)(photo).numpy() == Resize(SIZE)(photo).numpy()).all()


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


# -- pretrained networks, random here


def check_preset(preset: str, trainable: bool, tmp_path: Path, most: float = 1e-5) -> keras.Model:
    model = raw_model(lambda pixels: encode_image_preset(pixels, 16, preset, trainable, "photo"))
    backbone = model.get_layer("photo_backbone")
    assert bool(backbone.trainable_variables) == trainable
    for kind, runner in RUNNERS.items():
        check_parity(model, runner(model, tmp_path / kind), [(SIZE, SIZE), (40, 57)], most)
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
    model = check_preset(folder, trainable, tmp_path)
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
    check_parity(model, saved_model_runner(model, tmp_path / "saved"), [(40, 57)])
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
    model = check_preset(f"MobileNetV2:{weights}", False, tmp_path, most=3e-4)
    photo = random_pixels(2, SIZE, SIZE)
    want = network(photo.astype("float32") / 127.5 - 1, training=False)
    np.testing.assert_allclose(backbone_output(model, photo), want, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_a_network_with_blue_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mmkeras.modalities.image import preset as preset_module

    seen = keras.Input((SIZE, SIZE, 3))
    network = keras.Model(seen, keras.layers.AveragePooling2D(8)(seen), name="photo_backbone")
    monkeypatch.setattr(preset_module, "_load_application", lambda *_: (network, 1.0, [-124.0, -117.0, -104.0], True))
    model = raw_model(lambda pixels: encode_image_preset(pixels, 16, "VGG16", False, "photo"))
    for kind, runner in RUNNERS.items():
        check_parity(model, runner(model, tmp_path / kind), [(SIZE, SIZE)])
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
