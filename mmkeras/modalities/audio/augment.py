"""Augmentation of clips in training. At inference all layers here return their input.

The layers change log-mel spectrograms, which are computed once and cached on disk: another speed, start, speaker or
microphone, or noise, approximately stretches, shifts, warps or tilts the log-mel spectrogram, or adds to its power.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops, random

from mmkeras.modalities.audio import tfio

Tensor = Any


@keras.saving.register_keras_serializable("mmkeras")
class Disturb(keras.layers.Layer):
    """Log-mel [b, frames, mels], valid [b, frames] (1 from the start to the clip's end) -> those of augmented clips.

    strength: 0 for none, 1 for the ranges below, between for smaller ones. Each step draws uniformly for each clip: a
    speed of 1 ± 0.2; a start up to 8 frames later; frequencies times 1 ± 0.12, here bands (vocal tract length
    perturbation: Jaitly & Hinton 2013); a tilt of ± 1.5 from the lowest band to the highest; noise whose log power is 4
    to 12 (17 to 52 dB) below the clip's peak.
    """

    SPEED, SHIFT, VOCAL_TRACT, TILT = 0.2, 8.0, 0.12, 1.5
    NOISE = (4.0, 12.0)  # natural logarithms of power

    def __init__(self, strength: float = 1.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})  # in 16 bits the sum of two powers loses the smaller one
        self.strength, self.seed = strength, seed
        self.draws = random.SeedGenerator(seed)

    def between(self, low: float, high: float, like: Tensor) -> Tensor:
        """A uniform random number for each clip, [b, 1, 1]."""
        return random.uniform((ops.shape(like)[0], 1, 1), low, high, seed=self.draws)

    def call(self, log_mel: Tensor, valid: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        if not training or not self.strength:
            return log_mel, valid
        log_mel, valid = self.stretch(log_mel, valid)
        return self.add_noise(self.warp(log_mel), valid) * valid[:, :, None], valid

    def stretch(self, log_mel: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Change speed and start: each new frame is interpolated between two frames of the clip."""
        frames = ops.shape(log_mel)[1]
        length = ops.sum(valid, axis=1, keepdims=True)  # [b, 1]
        speed = self.between(1 - self.strength * self.SPEED, 1 + self.strength * self.SPEED, valid)[:, :, 0]
        delay = self.between(0, self.strength * self.SHIFT, valid)[:, :, 0]
        delay = ops.clip(ops.cast(frames, "float32") - length / speed, 0.0, delay)  # the end stays inside the frames
        position = (ops.arange(frames, dtype="float32")[None, :] - delay) * speed  # [b, frames], in old frames
        inside = ops.cast((position > -0.5) & (position < length - 0.5), "float32")
        last = ops.maximum(length - 1.0, 0.0)  # a missing clip has no frames
        position = ops.clip(position, 0.0, last)
        lower = ops.floor(position)
        upper = ops.minimum(lower + 1.0, last)
        share = (position - lower)[:, :, None]
        low = tf.gather(log_mel, ops.cast(lower, "int32"), batch_dims=1)  # [b, frames, mels]
        high = tf.gather(log_mel, ops.cast(upper, "int32"), batch_dims=1)
        return low * (1 - share) + high * share, inside

    def warp(self, log_mel: Tensor) -> Tensor:
        """Scale the frequencies: each new band is interpolated between two old ones."""
        bands = ops.arange(ops.shape(log_mel)[2], dtype="float32")
        factor = self.between(1 - self.strength * self.VOCAL_TRACT, 1 + self.strength * self.VOCAL_TRACT, log_mel)
        position = ops.minimum(bands[None, None, :] * factor, bands[-1])  # [b, 1, mels]
        weights = ops.relu(1.0 - ops.abs(position - bands[None, :, None]))  # [b, old, new]
        return ops.matmul(log_mel, weights)

    def add_noise(self, log_mel: Tensor, valid: Tensor) -> Tensor:
        """Tilt the spectrum and add noise: the sum of two powers is the logaddexp of their logarithms."""
        slope = ops.linspace(-0.5, 0.5, log_mel.shape[2])[None, None, :]
        tilt = self.between(-self.TILT * self.strength, self.TILT * self.strength, log_mel)
        log_mel = log_mel + tilt * slope
        peak = ops.max(log_mel - 1e3 * (1 - valid[:, :, None]), axis=(1, 2), keepdims=True)  # [b, 1, 1]
        noise = peak - self.between(*self.NOISE, log_mel) / self.strength + slope * self.between(-2.0, 2.0, log_mel)
        noise = noise + random.normal(ops.shape(log_mel), 0.0, 0.5, seed=self.draws)
        return ops.logaddexp(log_mel, noise)

    def compute_output_shape(self, log_mel_shape: Any, valid_shape: Any) -> tuple[Any, Any]:
        return log_mel_shape, valid_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "strength": self.strength, "seed": self.seed}


@keras.saving.register_keras_serializable("mmkeras")
class SpecAugment(keras.layers.Layer):
    """Mask stripes of a spectrogram (Park et al. 2019, without time warping): features [b, frames, bands] -> same.

    times: the number of stripes in time, and in frequency; frames, bands: the largest width of a stripe. Masked
    features are 0, the mean of normalised features.
    native: use tensorflow-io's `freq_mask` and `time_mask`, clip by clip, if they can be imported.
    """

    def __init__(
        self,
        frames: int = 10,
        bands: int = 6,
        times: int = 2,
        native: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.frames, self.bands, self.times, self.native, self.seed = frames, bands, times, native, seed
        self.draws = random.SeedGenerator(seed)
        self.masks: Any = tfio.masks() if native else None

    def call(self, features: Tensor, training: bool = False) -> Tensor:
        if not training:
            return features
        if self.masks:
            return tf.map_fn(self.mask_natively, features)
        for _ in range(self.times):
            features = features * self.stripe(features, 1, self.frames)[:, :, None]
            features = features * self.stripe(features, 2, self.bands)[:, None, :]
        return features

    def stripe(self, features: Tensor, axis: int, max_width: int) -> Tensor:
        """A mask [b, length of the axis]: 0.0 in one stripe of each clip, 1.0 elsewhere."""
        batch, length = ops.shape(features)[0], ops.shape(features)[axis]
        width = random.uniform((batch, 1), 0, max_width + 1, seed=self.draws)
        width = ops.minimum(ops.floor(width), ops.cast(length, "float32"))
        start = random.uniform((batch, 1), 0, 1, seed=self.draws)
        start = ops.floor(start * (ops.cast(length, "float32") - width + 1))
        position = ops.arange(length, dtype="float32")[None, :]
        return 1.0 - ops.cast((position >= start) & (position < start + width), features.dtype)

    def mask_natively(self, features: Tensor) -> Tensor:
        """Mask one clip [frames, bands] by tensorflow-io, whose widths stay below their limit.

        tensorflow-io cannot place a stripe as wide as the clip, and draws from TensorFlow's generator: a resumed
        training masks other stripes than an uninterrupted one.
        """
        freq_mask, time_mask = self.masks
        frames, bands = tf.unstack(tf.minimum(tf.shape(features), [self.frames + 1, self.bands + 1]))
        for _ in range(self.times):
            features = time_mask(freq_mask(features, bands), frames)
        return features

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        names = ("frames", "bands", "times", "native", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
