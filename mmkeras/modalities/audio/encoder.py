"""A compact CNN over the time-frequency plane -> tokens in time."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.augment import Disturb, SpecAugment
from mmkeras.modalities.audio.layers import Mfcc, Smoothed
from mmkeras.modalities.audio.spec import AudioSpec

Tensor = Any
MOMENTUM = 0.9  # of batch normalisation: steadier than Keras' 0.99 over the few hundred steps of a small training


@keras.saving.register_keras_serializable("mmkeras")
class ClipNorm(layers.Layer):
    """Log-mel [b, frames, mels], valid [b, frames] -> normalised by mean and deviation, float32; 0 in invalid frames.

    One mean and one deviation a clip, over its valid frames and all bands: the loudness of a clip is removed, its
    contrast is kept. There is no adapted state, and the padding of a short clip has no effect. A mean for each band, as
    is usual for speech, would make all steady sounds alike.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, features: Tensor, valid: Tensor) -> Tensor:
        m = ops.expand_dims(valid, 2)  # [b, frames, 1]
        n = ops.maximum(ops.sum(m, axis=1, keepdims=True), 1.0)  # [b, 1, 1]
        mean = ops.mean(ops.sum(features * m, axis=1, keepdims=True) / n, axis=2, keepdims=True)  # [b, 1, 1]
        centred = (features - mean) * m
        variance = ops.sum(ops.mean(ops.square(centred), axis=2, keepdims=True), axis=1, keepdims=True) / n
        return centred / ops.sqrt(variance + 1e-3)

    def compute_output_shape(self, features_shape: Any, valid_shape: Any) -> Any:
        return features_shape


@keras.saving.register_keras_serializable("mmkeras")
class Keep(layers.Layer):
    """Maps [b, T, ...], valid [b, T] -> the maps, 0 in invalid frames, which the next layer reads as silence."""

    def call(self, maps: Tensor, valid: Tensor) -> Tensor:
        return maps * ops.reshape(valid, (-1, ops.shape(valid)[1]) + (1,) * (len(maps.shape) - 2))

    def compute_output_shape(self, maps_shape: Any, valid_shape: Any) -> Any:
        return maps_shape


@keras.saving.register_keras_serializable("mmkeras")
class HalveMask(layers.Layer):
    """Valid [b, T] -> [b, T / 2, rounded up]: a pair of frames is valid if one of them is."""

    def call(self, valid: Tensor) -> Tensor:
        return ops.squeeze(ops.max_pool(ops.expand_dims(valid, 2), 2, strides=2, padding="same"), 2)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape[0], None if shape[1] is None else -(-shape[1] // 2)


def convolution(x: Tensor, valid: Tensor, channels: int, kernel: int, strides: tuple[int, int], name: str) -> Tensor:
    """Convolution, batch normalisation, ReLU; [b, T, D, c] -> [b, T / strides[0], D / strides[1], channels].

    Padded explicitly, alike on all sides: TensorFlow's "same" pads by the parity of the length, so that the padding of
    a clip would shift its frames.
    """
    x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(channels, kernel, strides=strides, use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_norm")(x)
    return Keep(name=f"{name}_keep")(layers.ReLU(name=f"{name}_relu")(x), valid)


def residual(x: Tensor, valid: Tensor, name: str) -> Tensor:
    """A 3 x 3 convolution beside a short cut (He et al. 2015)."""
    y = convolution(x, valid, x.shape[-1], 3, (1, 1), name)
    return layers.Add(name=f"{name}_add")([x, y])


def encode_audio(features: Tensor, mask: Tensor, width: int, size: int, name: str) -> tuple[Tensor, Tensor]:
    """Features float32 [b, frames, D], mask [b, frames] -> tokens [b, T, width], mask [b, T].

    T: frames / 4, rounded up.
    size: channels of the first convolution; the last has four times as many.
    The convolutions are not separable: separable ones have a tenth of the weights and of the operations but take three
    times as long to train on a CPU, where the gradient of TensorFlow's depthwise convolution is slow.
    """
    x = ops.expand_dims(Keep(name=f"{name}_in")(features, mask), 3)  # [b, frames, D, 1]
    mask = HalveMask(name=f"{name}_half")(mask)
    x = convolution(x, mask, size, 5, (2, 2), f"{name}_stem")
    x = convolution(x, mask, 2 * size, 3, (1, 2), f"{name}_block1a")
    x = residual(x, mask, f"{name}_block1b")
    mask = HalveMask(name=f"{name}_quarter")(mask)
    x = convolution(x, mask, 4 * size, 3, (2, 2), f"{name}_block2a")
    x = residual(x, mask, f"{name}_block2b")
    x = layers.Reshape((-1, x.shape[2] * x.shape[3]), name=f"{name}_flat")(x)  # [b, T, D / 8 * channels]
    x = layers.Dense(width, use_bias=False, name=f"{name}_tokens")(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{name}_tokens_norm")(x)
    return Keep(name=f"{name}_out")(layers.ReLU(name=f"{name}_tokens_relu")(x), mask), mask


def normalised_bands(
    log_mel: Tensor, mask: Tensor, spec: AudioSpec, name: str, disturb: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Log-mel [b, frames, mels], mask [b, frames] -> those that the network reads, with augmentation in training.

    For both kinds of features log-mel is cached on disk and augmented; MFCC are computed after augmentation.
    disturb: its strength (`augment.Disturb`); 0 for no augmentation.
    """
    x, mask = Disturb(disturb, name=f"{name}_disturb")(log_mel, mask)
    if spec.features == "mfcc":
        # Back to bands: over bands a convolution finds a pattern that another speaker shifts up or down; coefficients
        # have no such neighbours. With coefficients as features, accuracy on a new speaker was four points lower.
        x = Smoothed(spec, name=f"{name}_smoothed")(Mfcc(spec, name=f"{name}_mfcc")(x))
    x = ClipNorm(name=f"{name}_clip_norm")(x, mask)
    if disturb:
        x = SpecAugment(native=tfio.is_installed(), name=f"{name}_spec_augment")(x)
    return x, mask


def audio_tokens(
    log_mel: Tensor, mask: Tensor, spec: AudioSpec, width: int, size: int, name: str, disturb: float = 1.0
) -> tuple[Tensor, Tensor]:
    """Log-mel [b, frames, mels], mask [b, frames] -> tokens [b, T, width], mask [b, T]."""
    return encode_audio(*normalised_bands(log_mel, mask, spec, name, disturb), width, size, name)
