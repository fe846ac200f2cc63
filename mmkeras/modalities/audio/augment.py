"""What training does to a clip that a prediction never sees. All layers here pass their input on unless in training.

Everything happens on log-mel features, which are made once and kept on disk: a clip said faster, later, by another
throat, through another microphone or in noise is, near enough, its log-mel picture stretched, moved, tilted or flooded.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops, random

from mmkeras.modalities.audio import tfio

Tensor = Any


class Disturb(keras.layers.Layer):
    """Log-mel [b, frames, mels], valid [b, frames] (1 from the start to the clip's end) -> those of a disturbed clip.

    strength: 0 for nothing, 1 for the ranges below, less for smaller ones; each clip draws evenly from them, each step:
    speed 1 ± 0.2; start up to 8 frames later; throat: frequencies times 1 ± 0.12, here bands (vocal tract length
    perturbation: Jaitly & Hinton 2013); tilt of ± 1.5 from the lowest band to the highest; noise whose power lies
    4 to 12 (17 to 52 dB) below the clip's peak.
    """

    SPEED, SHIFT, THROAT, TILT = 0.2, 8.0, 0.12, 1.5
    NOISE = (4.0, 12.0)  # natural logarithms of power

    def __init__(self, strength: float = 1.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})  # powers add up: in 16 bits the weaker is lost
        self.strength, self.seed = strength, seed
        self.draws = random.SeedGenerator(seed)

    def between(self, low: float, high: float, like: Tensor) -> Tensor:
        """One number a clip, [b, 1, 1]."""
        return random.uniform((ops.shape(like)[0], 1, 1), low, high, seed=self.draws)

    def call(self, log_mel: Tensor, valid: Tensor, training: bool = False) -> tuple[Tensor, Tensor]:
        if not training or not self.strength:
            return log_mel, valid
        log_mel, valid = self.stretch(log_mel, valid)
        return self.flood(self.warp(log_mel), valid) * valid[:, :, None], valid

    def stretch(self, log_mel: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Faster or slower, and later: each new frame is taken between two old ones of the clip."""
        frames = ops.shape(log_mel)[1]
        length = ops.sum(valid, axis=1, keepdims=True)  # [b, 1]
        speed = self.between(1 - self.strength * self.SPEED, 1 + self.strength * self.SPEED, valid)[:, :, 0]
        later = self.between(0, self.strength * self.SHIFT, valid)[:, :, 0]
        later = ops.clip(ops.cast(frames, "float32") - length / speed, 0.0, later)  # nothing falls off the end
        place = (ops.arange(frames, dtype="float32")[None, :] - later) * speed  # [b, frames], in old frames
        inside = ops.cast((place > -0.5) & (place < length - 0.5), "float32")
        last = ops.maximum(length - 1.0, 0.0)  # a clip that is not there has no frame at all
        place = ops.clip(place, 0.0, last)
        lower = ops.floor(place)
        upper = ops.minimum(lower + 1.0, last)
        part = (place - lower)[:, :, None]
        low = tf.gather(log_mel, ops.cast(lower, "int32"), batch_dims=1)  # [b, frames, mels]
        high = tf.gather(log_mel, ops.cast(upper, "int32"), batch_dims=1)
        return low * (1 - part) + high * part, inside

    def warp(self, log_mel: Tensor) -> Tensor:
        """Frequencies times a number: bands move, most at the top; each new band is taken between two old ones."""
        bands = ops.arange(ops.shape(log_mel)[2], dtype="float32")
        factor = self.between(1 - self.strength * self.THROAT, 1 + self.strength * self.THROAT, log_mel)
        place = ops.minimum(bands[None, None, :] * factor, bands[-1])  # [b, 1, mels]
        weights = ops.relu(1.0 - ops.abs(place - bands[None, :, None]))  # [b, old, new]
        return ops.matmul(log_mel, weights)

    def flood(self, log_mel: Tensor, valid: Tensor) -> Tensor:
        """Another microphone, and noise: powers add, so their logarithms do by logaddexp."""
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


class SpecAugment(keras.layers.Layer):
    """Stripes of a spectrogram hidden (Park et al. 2019, without time warping): features [b, frames, bands] -> same.

    times: how many stripes in time and in frequency; frames, bands: each hides 0 to so many. What is hidden becomes 0,
    which is the mean of normalised features.
    native: tensorflow-io's `freq_mask` and `time_mask` do it, clip by clip, where they can be imported.
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
            return tf.map_fn(self.hide_natively, features)
        for _ in range(self.times):
            features = features * self.stripe(features, 1, self.frames)[:, :, None]
            features = features * self.stripe(features, 2, self.bands)[:, None, :]
        return features

    def stripe(self, features: Tensor, axis: int, most: int) -> Tensor:
        """[b, length of the axis]: 0.0 in one stripe of each clip, 1.0 elsewhere."""
        batch, length = ops.shape(features)[0], ops.shape(features)[axis]
        width = random.uniform((batch, 1), 0, most + 1, seed=self.draws)
        width = ops.minimum(ops.floor(width), ops.cast(length, "float32"))
        start = random.uniform((batch, 1), 0, 1, seed=self.draws)
        start = ops.floor(start * (ops.cast(length, "float32") - width + 1))
        place = ops.arange(length, dtype="float32")[None, :]
        return 1.0 - ops.cast((place >= start) & (place < start + width), features.dtype)

    def hide_natively(self, features: Tensor) -> Tensor:
        """One clip [frames, bands], by tensorflow-io, whose widths stay below their limit.

        It cannot place a stripe as wide as the clip, and draws from TensorFlow's own generator: a training that was
        interrupted hides other stripes than one that was not.
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
