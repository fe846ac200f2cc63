"""Pixels -> tokens: a compact convolutional network, or a pretrained one."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np
from keras import layers

from mmkeras.errors import InputError
from mmkeras.modalities.image.layers import Rescale

Tensor = Any
MOMENTUM = 0.9  # of batch normalisation; with 0.99 a training of few steps ends before its statistics are right
GRID = 7  # the map is halved until it has at most 7 x 7 places


def encode_image(pixels: Tensor, width: int, size: int, name: str) -> Tensor:
    """A picture as the places of a small convolutional network's map.

    pixels: float [b, s, s, 3], -1 … 1. size: channels of the first convolution; each halving doubles them, up to four
    times as many. Parameters grow with its square: about 50,000 with a size of 32, s = 96 and a width of 64.
    Returns tokens [b, T, width], T = 4 x 4 … 7 x 7.

    Separable convolutions (Howard et al. 2017, arXiv:1704.04861), a residual block after each halving. From 64 pixels
    on the first convolution shrinks to a quarter at once: a third of the time was spent at half the size.
    """
    kernel, stride = (7, 4) if pixels.shape[1] >= 64 else (3, 2)
    stem = layers.Conv2D(size, kernel, stride, "same", use_bias=False, name=f"{name}_stem")
    x = _convolved(pixels, stem)  # [b, s / stride, s / stride, size]
    stage = 0
    while x.shape[1] > GRID:
        stage += 1
        channels = size * min(2**stage, 4)
        x = _separable(x, channels, 2, f"{name}_{stage}a")
        x = layers.Add(name=f"{name}_{stage}_add")([x, _separable(x, channels, 1, f"{name}_{stage}b")])
    return _tokens(x, width, name)


def _convolved(x: Tensor, convolution: Any) -> Tensor:
    """A convolution, normalised over the batch, and what of it is positive."""
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{convolution.name}_norm")(convolution(x))
    return layers.ReLU(name=f"{convolution.name}_relu")(x)


def _separable(x: Tensor, channels: int, stride: int, name: str) -> Tensor:
    """Each channel in space, then all channels at each place: [b, h, w, c] -> [b, h/stride, w/stride, channels]."""
    x = _convolved(x, layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"{name}_space"))
    return _convolved(x, layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_mix"))


def _tokens(x: Tensor, width: int, name: str) -> Tensor:
    """A map [b, h, w, c], or tokens [b, T, c] -> tokens [b, T, width], normalised: no modality drowns another."""
    if len(x.shape) == 4:
        x = layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), name=f"{name}_places")(x)  # [b, h * w, c]
    x = layers.Dense(width, name=f"{name}_width")(x)
    return layers.LayerNormalization(name=f"{name}_tokens")(x)


def encode_image_preset(pixels: Tensor, width: int, preset: str, trainable: bool, name: str) -> Tensor:
    """A picture as the tokens of a pretrained network.

    pixels: float [b, s, s, 3], -1 … 1, which are brought to what the network was trained on.
    preset: a folder or name for `keras_hub.models.Backbone.from_preset`; or a class of `keras.applications`, with the
    ImageNet weights (`MobileNetV2`) or those in a file (`MobileNetV2:weights.h5`, without the top).
    trainable: fine-tune it; else its weights stay, and its batch normalisation and dropout rest.
    Returns tokens [b, T, width]: the places of its map, or its own tokens.
    Raises InputError where the preset cannot be loaded, is no network for images, or takes another size.
    """
    size = pixels.shape[1]
    load = _load_application if _is_application(preset) else _load_hub
    try:
        backbone, scale, offset, blue_first = load(preset, size, f"{name}_backbone")
    except InputError:
        raise
    except Exception as error:  # downloads, archives, configurations: libraries raise what they like
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"the image encoder preset:{preset} cannot be loaded: {first_line} Expected a folder "
            "written by keras-hub's save_to_preset, a preset's name (which needs a network connection), or a class of "
            "keras.applications."
        ) from error
    backbone.trainable = trainable
    # pixels = 127.5 * (what we have) + 127.5
    scale, offset = np.asarray(scale, "float64"), np.asarray(offset, "float64")
    x = Rescale((127.5 * scale).tolist(), (127.5 * scale + offset).tolist(), name=f"{name}_rescale")(pixels)
    if blue_first:
        x = keras.ops.flip(x, axis=3)
    x = backbone(x) if trainable else backbone(x, training=False)
    if not hasattr(x, "shape") or len(x.shape) not in (3, 4):
        raise InputError(f"the image encoder preset:{preset} gives neither a map nor tokens; choose another preset.")
    return _tokens(x, width, name)


def _is_application(preset: str) -> bool:
    return inspect.isfunction(getattr(keras.applications, preset.partition(":")[0], None))


def _load_application(preset: str, size: int, name: str) -> tuple[Any, Any, Any, bool]:
    """A network of keras.applications; its scale and offset for pixels 0 … 255, by channel; does blue come first?"""
    kind, _, weights = preset.partition(":")
    build = getattr(keras.applications, kind)
    backbone = build(include_top=False, weights=weights or "imagenet", input_shape=(size, size, 3), name=name)
    preprocess = inspect.getmodule(build).preprocess_input  # type: ignore[union-attr]
    # what it does to black, red, green and blue says what it does to any colour
    black, *colours = preprocess(np.vstack([np.zeros((1, 3)), 255 * np.eye(3)])[:, None].astype("float32"))[:, 0]
    changes = (np.array(colours) - black) / 255.0  # [from, to]
    blue_first = bool(changes[0, 0] == 0)
    if blue_first:
        changes, black = changes[::-1], black[::-1]
    return backbone, changes.diagonal(), black, blue_first


def _load_hub(preset: str, size: int, name: str) -> tuple[Any, Any, Any, bool]:
    """The same for a preset of keras-hub, which always has red first."""
    import keras_hub  # late: it takes longer to import than a small network to build

    backbone = keras_hub.models.Backbone.from_preset(preset, dtype=keras.config.dtype_policy(), name=name)
    shape = tuple(getattr(backbone.input, "shape", ()))
    if len(shape) != 4 or shape[3] != 3:
        raise InputError(f"the image encoder preset:{preset} is no network for images of three channels.")
    if shape[1] not in (None, size):
        raise InputError(
            f"the image encoder preset:{preset} takes {shape[1]} x {shape[2]} pixels, not {size} x {size}."
        )
    converter = keras_hub.layers.ImageConverter.from_preset(preset)
    scale = 1.0 if converter.scale is None else converter.scale
    return backbone, scale, 0.0 if converter.offset is None else converter.offset, False
