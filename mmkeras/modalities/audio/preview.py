"""A clip as the report shows it: its spectrogram, and its sound if the clip is short. Pillow, soundfile, NumPy."""

from __future__ import annotations

import functools
import io
from typing import Any, Final

import numpy as np

from mmkeras.modalities.audio.cells import clip_seconds, read_clip
from mmkeras.modalities.audio.spec import AudioSpec
from mmkeras.modalities.audio.spectrum import log_mel
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.media.preview import Preview

SPECTROGRAM: Final = (280, 84)
"""Pixels of a spectrogram: the width of the longest clip that the model takes, and the height."""
DYNAMIC_RANGE: Final = 80.0
"""Decibels below the loudest band at which a pixel is black."""
LONGEST_PLAYED: Final = 10.0
"""Seconds of the longest clip whose sound is part of the report."""


def preview(cell: str, entry: dict[str, Any], root: MediaRoot) -> Preview:
    """The part of a clip that the model takes: spectrogram and sound. Raises BadCell."""
    spec = AudioSpec(**entry["rule"])
    samples = read_clip(cell, root, spec)
    duration, read_seconds = clip_seconds(cell, root), len(samples) / spec.rate
    is_whole = duration < read_seconds + 0.05
    length = f"{duration:.2f} s" if is_whole else f"the first {read_seconds:g} of {duration:.2f} s"
    sound = encode_sound(samples, spec.rate) if read_seconds <= LONGEST_PLAYED else b""
    return Preview(spectrogram(samples, spec), "png", "Spectrogram of the clip", sound, length)


def spectrogram(samples: np.ndarray, spec: AudioSpec) -> bytes:
    """A clip, float32 [n], -> a png of its log-mel: time to the right, high bands at the top, loud ones bright."""
    from PIL import Image

    n_frames = min(spec.n_frames, max(1, -(-len(samples) // spec.hop)))
    levels = log_mel(samples, spec)[:n_frames].T[::-1]  # [frames, mels] -> [mels, frames], high bands first
    nats = DYNAMIC_RANGE * np.log(10) / 10  # of power
    shades = np.clip((levels - levels.max()) / nats + 1, 0, 1) if np.ptp(levels) else np.zeros_like(levels)
    image = Image.fromarray((shades * 255).astype("uint8"))
    width = max(12, round(SPECTROGRAM[0] * n_frames / spec.n_frames))
    image = image.resize((width, SPECTROGRAM[1]), Image.Resampling.BILINEAR)
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()


@functools.cache
def _palette() -> bytes:
    """256 colours from black to bright, RGB bytes."""
    import matplotlib

    return bytes(matplotlib.colormaps["magma"](np.arange(256), bytes=True)[:, :3].tobytes())


def encode_sound(samples: np.ndarray, rate: int) -> bytes:
    """The samples that the model takes, float32 [n] -> a flac file of 16 bits; b"" if soundfile cannot write one."""
    import soundfile

    file = io.BytesIO()
    try:
        soundfile.write(file, samples / max(1.0, float(np.abs(samples).max(initial=0))), rate, "PCM_16", format="FLAC")
    except soundfile.SoundFileError:
        return b""
    return file.getvalue()
