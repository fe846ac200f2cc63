"""A clip as the report shows it: its spectrogram, and the sound itself where it is short. Pillow, soundfile, NumPy."""

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
"""Pixels of a spectrogram: width of the longest clip that the model hears, height."""
DYNAMIC_RANGE: Final = 80.0
"""Decibels below the loudest that are black."""
LONGEST_PLAYED: Final = 10.0
"""Seconds of a clip that can be listened to."""


def preview(cell: str, entry: dict[str, Any], root: MediaRoot) -> Preview:
    """What the model hears of the clip that a cell names. Raises BadCell."""
    spec = AudioSpec(**entry["rule"])
    samples = read_clip(cell, root, spec)
    whole, heard = clip_seconds(cell, root), len(samples) / spec.rate
    length = f"{whole:.2f} s" if whole < heard + 0.05 else f"the first {heard:g} of {whole:.2f} s"
    sound = encode_sound(samples, spec.rate) if heard <= LONGEST_PLAYED else b""
    return Preview(spectrogram(samples, spec), "png", "Spectrogram of the clip", sound, length)


def spectrogram(samples: np.ndarray, spec: AudioSpec) -> bytes:
    """A clip, float32 [n], -> a png of its log-mel: time to the right, high tones above, the louder the brighter."""
    from PIL import Image

    sounding = min(spec.n_frames, max(1, -(-len(samples) // spec.hop)))
    levels = log_mel(samples, spec)[:sounding].T[::-1]  # [frames, mels] -> [mels, frames], high bands first
    nats = DYNAMIC_RANGE * np.log(10) / 10  # of power
    shades = np.clip((levels - levels.max()) / nats + 1, 0, 1) if np.ptp(levels) else np.zeros_like(levels)
    image = Image.fromarray((shades * 255).astype("uint8"))
    width = max(12, round(SPECTROGRAM[0] * sounding / spec.n_frames))
    image = image.resize((width, SPECTROGRAM[1]), Image.Resampling.BILINEAR)
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()


@functools.cache
def _palette() -> bytes:
    """256 colours from black to bright, each brighter than the one before."""
    import matplotlib

    return bytes(matplotlib.colormaps["magma"](np.arange(256), bytes=True)[:, :3].tobytes())


def encode_sound(samples: np.ndarray, rate: int) -> bytes:
    """Samples as the model hears them, float32 [n] -> a flac file of 16 bits; b"" where none can be made."""
    import soundfile

    file = io.BytesIO()
    try:
        soundfile.write(file, samples / max(1.0, float(np.abs(samples).max(initial=0))), rate, "PCM_16", format="FLAC")
    except soundfile.SoundFileError:
        return b""
    return file.getvalue()
