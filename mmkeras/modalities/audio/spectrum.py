"""Samples -> log-mel in NumPy, equal to `layers.LogMel` and `FrameMask`: for processes without TensorFlow."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from mmkeras.modalities.audio.filters import dft_kernels, mel_filters
from mmkeras.modalities.audio.spec import AudioSpec

FLOOR: Final = np.float32(1e-6)  # layers.FLOOR


@functools.lru_cache(maxsize=4)
def _constants(spec: AudioSpec) -> tuple[np.ndarray, np.ndarray]:
    """The layer's kernels [window, 2 * bins] and filters [2 * bins, mels] in float32; bins: those inside some band."""
    filters = mel_filters(spec).T  # [all bins, mels]
    bins = np.flatnonzero(filters.any(axis=1))
    kernels = dft_kernels(spec)[:, 0, np.concatenate([bins, bins + len(filters)])]
    return kernels, np.concatenate([filters[bins]] * 2)


def log_mel(samples: np.ndarray, spec: AudioSpec) -> np.ndarray:
    """A clip float32 [n], n <= spec.n_samples, as if zero-padded -> float32 [spec.n_frames, mels].

    In float32 and with the layer's kernels: so it is within 1e-4 of the layer on recordings; an FFT is no faster.
    (Bands whose power is 1e-10 of the loudest band's are noise in float32, and differ more, in every runtime.)
    """
    kernels, filters = _constants(spec)
    n_frames = min(spec.n_frames, -(-len(samples) // spec.hop))  # frames that begin before the clip ends
    padded = np.zeros(max(0, (n_frames - 1) * spec.hop) + spec.window, "float32")
    padded[: len(samples)] = samples[: len(padded)]
    frames = np.lib.stride_tricks.sliding_window_view(padded, spec.window)[:: spec.hop][:n_frames]
    result = np.full((spec.n_frames, spec.mels), np.log(FLOOR), "float32")
    # [n_frames, window] -> [n_frames, 2 * bins] -> [n_frames, mels]
    result[:n_frames] = np.log(np.square(frames @ kernels) @ filters + FLOOR)
    return result


def valid_frames(samples: np.ndarray, spec: AudioSpec) -> int:
    """The number of frames that end by the clip's last sample that is not zero; at least 1 (see `layers.FrameMask`)."""
    last = int(np.flatnonzero(samples)[-1]) if samples.any() else 0
    return min(spec.n_frames, max(1, 1 + (last - spec.window + 1) // spec.hop))
