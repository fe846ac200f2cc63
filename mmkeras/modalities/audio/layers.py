"""Samples -> log-mel or MFCC, inside the graph: core TensorFlow, LiteRT builtins and standard ONNX operators alone.

The short-time Fourier transform is one strided convolution with fixed, windowed DFT kernels: standard ONNX has no FFT
that tf2onnx can write (complex numbers), and in LiteRT the convolution is twice as fast.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.audio.filters import cosine_transform, dft_kernels, mel_filters
from mmkeras.modalities.audio.spec import AudioSpec

Tensor = Any
FLOOR = 1e-6  # added to a band's power, so that silence has a logarithm


class _Fixed(keras.layers.Layer):
    """A layer with a spec and constants but no weights. It computes in float32, whatever the model's precision."""

    def __init__(self, spec: AudioSpec | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs, "trainable": False})
        self.spec = spec if isinstance(spec, AudioSpec) else AudioSpec(**spec)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "spec": asdict(self.spec)}


@keras.saving.register_keras_serializable("mmkeras")
class LogMel(_Fixed):
    """Samples float32 [b, n], n >= spec.window -> ln(mel power + 1e-6), float32 [b, frames, mels].

    Frames start at sample 0, every `hop` samples, and end inside the clip: frames = 1 + (n - window) // hop.

    shielded: hide the constants from LiteRT's int8 quantiser. It would round samples and power spectra to 8 bits, and
    the log-mel of a quiet band would be off by up to 12, on average by 1 to 2; shielded the layer is as exact as in
    float32 (float16 needs no shield: at 16 kHz it is off by 0.14 at most). For quantised artefacts alone: LiteRT takes
    three to eleven times as long.
    """

    def __init__(self, spec: AudioSpec | dict[str, Any], shielded: bool = False, **kwargs: Any) -> None:
        super().__init__(spec, **kwargs)
        self.shielded = shielded
        filters = mel_filters(self.spec).T  # [bins, mels]
        bins = np.flatnonzero(filters.any(axis=1))  # those inside some band; the others are not computed
        self.kernels = dft_kernels(self.spec)[:, :, np.concatenate([bins, bins + len(filters)])]
        self.filters = np.concatenate([filters[bins]] * 2)  # the power is the sum of real and imaginary squares

    def call(self, samples: Tensor) -> Tensor:
        kernels, filters = self.kernels, self.filters
        if self.shielded:  # a zero that converters cannot fold: with it added the tables are no constants any more
            zero = ops.minimum(ops.abs(samples[:1, :1]), 0.0)
            kernels, filters = kernels + zero[:, :, None], filters + zero
        parts = ops.conv(ops.expand_dims(samples, 2), kernels, strides=self.spec.hop, padding="valid")
        power = ops.matmul(ops.square(parts), filters)  # [b, frames, 2 * bins] -> [b, frames, mels]
        return ops.log(power + FLOOR)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        return shape[0], n_frames(shape[1], self.spec), self.spec.mels

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "shielded": self.shielded}


@keras.saving.register_keras_serializable("mmkeras")
class Mfcc(_Fixed):
    """Log-mel float32 [b, frames, mels] -> its first cosine coefficients, float32 [b, frames, coefficients]."""

    def __init__(self, spec: AudioSpec | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(spec, **kwargs)
        self.transform = cosine_transform(self.spec)

    def call(self, log_mel: Tensor) -> Tensor:
        return ops.matmul(log_mel, self.transform)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        return shape[0], shape[1], self.spec.coefficients


@keras.saving.register_keras_serializable("mmkeras")
class Smoothed(_Fixed):
    """MFCC float32 [b, frames, coefficients] -> the smoothed log-mel, float32 [b, frames, mels].

    A few coefficients keep the envelope of a spectrum: the shape of the vocal tract, without the pitch of the voice.
    """

    def __init__(self, spec: AudioSpec | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(spec, **kwargs)
        self.transform = cosine_transform(self.spec).T  # orthonormal, so its inverse

    def call(self, mfcc: Tensor) -> Tensor:
        return ops.matmul(mfcc, self.transform)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        return shape[0], shape[1], self.spec.mels


@keras.saving.register_keras_serializable("mmkeras")
class FrameMask(_Fixed):
    """Samples float32 [b, n] -> float32 [b, frames]: 1.0 for each frame of the clip, 0.0 for those after its end.

    A clip ends at its last sample that is not exactly zero. A frame is valid if it ends before that; the first frame
    always is, so that a mean over the frames never divides by zero. The mask depends on the samples alone, so a client
    need only pad with zeros.
    """

    def call(self, samples: Tensor) -> Tensor:
        window, hop = self.spec.window, self.spec.hop
        # block f: the samples from the last one of frame f up to, and without, the last one of frame f + 1
        blocks = ops.pad(ops.abs(samples[:, window - 1 :]), [[0, 0], [0, hop - 1]])
        loudest = ops.max_pool(ops.expand_dims(blocks, 2), hop, strides=hop, padding="valid")  # [b, frames, 1]
        nonzero = ops.cast(ops.squeeze(loudest, 2) > 0.0, "float32")
        mask = ops.minimum(tf.cumsum(nonzero, axis=1, reverse=True), 1.0)  # is this block or a later one not silent?
        first = ops.ones_like(mask[:, :1])
        return ops.concatenate([first, mask[:, 1:]], axis=1)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        return shape[0], n_frames(shape[1], self.spec)


def n_frames(n_samples: int | None, spec: AudioSpec) -> int | None:
    """Frames of a clip; None if its length is free."""
    return None if n_samples is None else 1 + (n_samples - spec.window) // spec.hop


def audio_features(samples: Tensor, spec: AudioSpec, name: str) -> tuple[Tensor, Tensor]:
    """Samples float32 [b, n], zero-padded -> features [b, frames, spec.n_features] and their mask [b, frames]."""
    features = LogMel(spec, name=f"{name}_log_mel")(samples)
    if spec.features == "mfcc":
        features = Mfcc(spec, name=f"{name}_mfcc")(features)
    return features, FrameMask(spec, name=f"{name}_mask")(samples)
