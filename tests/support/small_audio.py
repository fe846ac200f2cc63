"""Clips of noise, and a small model of the audio layers and encoder."""

from __future__ import annotations

import keras
import numpy as np

from mmkeras.modalities.audio.decode import pad_clips
from mmkeras.modalities.audio.encoder import audio_tokens
from mmkeras.modalities.audio.layers import FrameMask, LogMel
from mmkeras.modalities.audio.spec import AudioSpec, audio_spec

MFCC_SPEC = audio_spec(8000, 0.8, "mfcc")


def clips(n: int, spec: AudioSpec = MFCC_SPEC, seed: int = 0) -> np.ndarray:
    """float32 [n, spec.n_samples]: noise of every length and loudness, zero-padded."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(spec.window, spec.n_samples + 1, n)
    sounds = [rng.normal(0, 10.0 ** rng.uniform(-3, 0), k).astype("float32") for k in lengths]
    return pad_clips(sounds, spec.n_samples)


def tokens_model(spec: AudioSpec, n_samples: int | None = None) -> keras.Model:
    """Samples -> tokens, their mask and probabilities, random weights and batch statistics."""
    keras.utils.set_random_seed(0)
    samples = keras.Input((n_samples or spec.n_samples,), name="samples")
    log_mel, mask = LogMel(spec)(samples), FrameMask(spec)(samples)
    tokens, mask = audio_tokens(log_mel, mask, spec, 16, 8, "clip")
    mean = keras.ops.sum(tokens, axis=1) / keras.ops.sum(mask, axis=1, keepdims=True)
    model = keras.Model(samples, {"tokens": tokens, "mask": mask, "p": keras.layers.Dense(5, "softmax")(mean)})
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ranges = {"gamma": (0.5, 2), "beta": (-0.5, 0.5), "moving_mean": (-0.5, 0.5), "moving_variance": (0.5, 2)}
            for weight in layer.weights:
                weight.assign(rng.uniform(*ranges[weight.name], weight.shape))
    return model
