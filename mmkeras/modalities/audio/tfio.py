"""tensorflow-io, an extra, where it is installed and works; every function answers None where it does not.

Its last release (0.37.1, 2024) fits TensorFlow 2.16 and 2.17 whole. With later ones its native part cannot be loaded,
which shows at the first call alone: so one call is made. The masks are plain Python and work with any.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

# Formats whose samples are the same whoever decodes them. Of mp3 and vorbis they are not (decoders differ in the
# samples they drop at the start), and a clip must be heard alike in training and by a client without TensorFlow. A wav
# of 32-bit integers it takes for one of floats.
EXACT = {("WAV", "PCM_16"): "decode_wav", ("FLAC", "PCM_16"): "decode_flac"}


def is_installed() -> bool:
    """Is the package there? (Whether it works, only a call tells.)"""
    return importlib.util.find_spec("tensorflow_io") is not None


@functools.cache
def audio_module() -> Any:
    """`tensorflow_io.audio`, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of each native library that cannot be loaded
            import tensorflow_io

            return tensorflow_io.audio
    except Exception:  # ImportError, or whatever a version that does not fit raises
        return None


def decode(data: bytes, container: str, subtype: str) -> np.ndarray | None:
    """A wav or flac of 16 bits -> float32 [frames, channels], full scale 1; None for others."""
    audio = audio_module()
    if audio is None or (container, subtype) not in EXACT:
        return None
    try:
        samples = getattr(audio, EXACT[container, subtype])(data, dtype="int16").numpy()
    except Exception:  # NotImplementedError where it was not built for this TensorFlow; soundfile has its say then
        return None
    return np.asarray(samples, "float32") * np.float32(2.0**-15)


@functools.cache
def native_decoder() -> Callable[[bytes, str, str], np.ndarray | None] | None:
    """`decode`, where it reads one clip right; else None."""
    import soundfile

    expected = np.array([[0.25], [-0.5], [0.0]], "float32")
    file = io.BytesIO()
    soundfile.write(file, expected, 8000, format="WAV", subtype="PCM_16")
    found = decode(file.getvalue(), "WAV", "PCM_16")
    return decode if found is not None and np.array_equal(found, expected) else None


def masks() -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """`freq_mask` and `time_mask`, each (spectrogram [time, bands], most) -> the same with a masked stripe; or None."""
    audio = audio_module()
    return (audio.freq_mask, audio.time_mask) if audio is not None else None
