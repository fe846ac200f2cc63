"""Pixels -> tokens by a pretrained network, from keras-hub or keras.applications."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.image.encoder import tokens_of
from mmkeras.modalities.image.layers import Rescale

Tensor = Any
Numbers = float | list[float]


@dataclass(frozen=True)
class ImagePreset:
    """A pretrained network for images, and its input: scale * (0 … 255) + offset, for each channel or for all.

    backbone: the Keras model, with the preset's weights, or with random ones before those of a run are loaded.
    blue_first: is the order of its channels blue, green, red?
    """

    name: str
    backbone: keras.Model
    scale: Numbers
    offset: Numbers
    blue_first: bool

    def to_json(self) -> dict[str, Any]:
        """Everything but the weights."""
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {
            "name": self.name,
            "scale": self.scale,
            "offset": self.offset,
            "blue_first": self.blue_first,
            "backbone": backbone,
        }

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> ImagePreset:
        """Rebuild the preset from `to_json`, with random weights."""
        if "keras_hub" in str(fields["backbone"].get("module")):
            import keras_hub  # noqa: F401  registers its classes
        return cls(**{**fields, "backbone": keras.saving.deserialize_keras_object(fields["backbone"])})


def read_image_preset(preset: str, size: int, name: str) -> ImagePreset:
    """Load a pretrained network for pictures of `size` x `size`.

    preset: a folder or name for `keras_hub.models.Backbone.from_preset`; or a class of `keras.applications`, with the
    ImageNet weights (`MobileNetV2`) or those in a file (`MobileNetV2:weights.h5`, without the top).
    Raises InputError if the preset cannot be loaded, is no network for images, or takes another size.
    """
    load = _load_application if _is_application(preset) else _load_hub
    try:
        backbone, scale, offset, blue_first = load(preset, size, name)
    except InputError:
        raise
    except Exception as error:  # downloads, archives and configurations fail with all kinds of errors
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            f"the image encoder preset:{preset} cannot be loaded: {first_line} Expected a folder "
            "written by keras-hub's save_to_preset, a preset's name (which needs a network connection), or a class of "
            "keras.applications."
        ) from error
    scale, offset = (np.asarray(numbers, "float64").tolist() for numbers in (scale, offset))
    return ImagePreset(preset, backbone, scale, offset, blue_first)


def encode_with(preset: ImagePreset, pixels: Tensor, width: int, trainable: bool, name: str) -> Tensor:
    """Float pixels [b, s, s, 3], -1 … 1 -> tokens [b, T, width]: positions of a feature map, or the network's tokens.

    trainable: fine-tune the network; else its weights are frozen, and batch normalisation and dropout run as at
    inference. Raises InputError if the network returns neither a map nor tokens.
    """
    backbone = preset.backbone
    backbone.trainable = trainable
    # 0 … 255 = 127.5 * (-1 … 1) + 127.5
    scale, offset = np.asarray(preset.scale, "float64"), np.asarray(preset.offset, "float64")
    rescale = Rescale((127.5 * scale).tolist(), (127.5 * scale + offset).tolist(), name=f"{name}_preset_rescale")
    x = rescale(pixels)
    if preset.blue_first:
        x = keras.ops.flip(x, axis=3)
    x = backbone(x) if trainable else backbone(x, training=False)
    if not hasattr(x, "shape") or len(x.shape) not in (3, 4):
        raise InputError(
            f"the image encoder preset:{preset.name} gives neither a map nor tokens; choose another preset."
        )
    return tokens_of(x, width, name)


def _is_application(preset: str) -> bool:
    return inspect.isfunction(getattr(keras.applications, preset.partition(":")[0], None))


def _load_application(preset: str, size: int, name: str) -> tuple[Any, Any, Any, bool]:
    """A network of keras.applications; scale and offset of pixels 0 … 255, by channel; is blue the first channel?"""
    kind, _, weights = preset.partition(":")
    build = getattr(keras.applications, kind)
    backbone = build(include_top=False, weights=weights or "imagenet", input_shape=(size, size, 3), name=name)
    preprocess = inspect.getmodule(build).preprocess_input  # type: ignore[union-attr]
    # preprocessing is affine, so its results for black, red, green and blue determine it
    black, *colours = preprocess(np.vstack([np.zeros((1, 3)), 255 * np.eye(3)])[:, None].astype("float32"))[:, 0]
    changes = (np.array(colours) - black) / 255.0  # [from, to]
    blue_first = bool(changes[0, 0] == 0)
    if blue_first:
        changes, black = changes[::-1], black[::-1]
    return backbone, changes.diagonal(), black, blue_first


def _load_hub(preset: str, size: int, name: str) -> tuple[Any, Any, Any, bool]:
    """As `_load_application`, for a preset of keras-hub, whose first channel is always red."""
    import keras_hub  # late: the import takes longer than building a small network

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
