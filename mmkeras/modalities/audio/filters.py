"""The constants of the audio layers: windowed DFT kernels, mel filters, cosine transform. NumPy alone, in float64."""

from __future__ import annotations

import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.audio.spec import AudioSpec


def dft_kernels(spec: AudioSpec) -> np.ndarray:
    """A frame -> its spectrum: float32 [window, 1, 2 * (fft // 2 + 1)], real parts first, then imaginary ones.

    The kernels include the periodic Hann window. They are cut to `window` samples, which equals padding each frame with
    zeros to `fft`. Angles are integers modulo a full turn, so that late samples are as exact as early ones.
    """
    n = np.arange(spec.window)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / spec.window)
    turns = np.outer(n, np.arange(spec.fft // 2 + 1)) % spec.fft  # [window, bins]
    angle = 2 * np.pi * turns / spec.fft
    kernels = window[:, None] * np.concatenate([np.cos(angle), -np.sin(angle)], axis=1)
    return kernels[:, None, :].astype("float32")


def hz_to_mel(hz: float | np.ndarray) -> np.ndarray:
    """HTK's scale (O'Shaughnessy 1987)."""
    return 2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0)


def mel_to_hz(mel: float | np.ndarray) -> np.ndarray:
    """The inverse of `hz_to_mel`."""
    return 700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0)


def mel_filters(spec: AudioSpec) -> np.ndarray:
    """Power spectrum -> mel bands: float32 [mels, fft // 2 + 1], librosa's `filters.mel(htk=True, norm=None)`.

    Triangles whose corners are equidistant on the mel scale and whose sides are straight lines in Hz (those of
    TensorFlow's `linear_to_mel_weight_matrix` are straight in mel, which differs by up to 0.02 after the logarithm).
    Raises InputError if a band lies between two bins, so that its power would always be 0.
    """
    bins = np.arange(spec.fft // 2 + 1) * (spec.rate / spec.fft)
    corners = mel_to_hz(np.linspace(hz_to_mel(spec.low), hz_to_mel(spec.high), spec.mels + 2))[:, None]  # [mels + 2, 1]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])  # [mels, bins]
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling)).astype("float32")
    n_empty = int((filters.max(axis=1) == 0.0).sum())
    if n_empty:
        raise InputError(
            f"{spec.mels} mel bands are too many for an FFT of {spec.fft} samples at {spec.rate} Hz: "
            f"{n_empty} of them would be empty. Ask for fewer (--mels)."
        )
    return filters


def cosine_transform(spec: AudioSpec) -> np.ndarray:
    """Log-mel -> MFCC: float32 [mels, coefficients], the orthonormal DCT-II."""
    n, k = np.arange(spec.mels)[:, None], np.arange(spec.coefficients)[None, :]
    transform = np.cos(np.pi * (2 * n + 1) * k / (2 * spec.mels)) * np.sqrt(2.0 / spec.mels)
    transform[:, 0] /= np.sqrt(2.0)
    return transform.astype("float32")
