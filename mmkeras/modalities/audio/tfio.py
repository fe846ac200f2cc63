"""tensorflow-io, an optional package; functions return None where it is not installed or does not work.

Its last release (0.37.1, 2024) works fully with TensorFlow 2.16 and 2.17. With later versions its native part cannot be
loaded, which shows at the first call alone: so a test call is made. The masks are plain Python and always work.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

# Formats whose samples do not depend on the decoder. Those of mp3 and vorbis do (decoders drop different samples at the
# start), and a clip must have the same samples in training and at a client without TensorFlow. tensorflow-io reads a
# wav of 32-bit integers as one of floats.
EXACT = {("WAV", "PCM_16"): "decode_wav", ("FLAC", "PCM_16"): "decode_flac"}


def is_installed() -> bool:
    """Is the package installed? (Whether it works, only a call tells.)"""
    return importlib.util.find_spec("tensorflow_io") is not None


@functools.cache
def audio_module() -> Any:
    """`tensorflow_io.audio`, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of each native library that cannot be loaded
            import tensorflow_io

            return tensorflow_io.audio
    except Exception:  # ImportError, or any error of an incompatible version
        return None


def decode(data: bytes, container: str, subtype: str) -> np.ndarray | None:
    """A wav or flac of 16 bits -> float32 [frames, channels], full scale 1; None for others."""
    audio = audio_module()
    if audio is None or (container, subtype) not in EXACT:
        return None
    try:
        samples = getattr(audio, EXACT[container, subtype])(data, dtype="int16").numpy()
    except Exception:  # NotImplementedError if it was not built for this TensorFlow; soundfile decodes the clip then
        return None
    return np.asarray(samples, "float32") * np.float32(2.0**-15)


@functools.cache
def native_decoder() -> Callable[[bytes, str, str], np.ndarray | None] | None:
    """`decode` if it decodes a test clip correctly; else None."""
    import soundfile

    expected = np.array([[0.25], [-0.5], [0.0]], "float32")
    file = io.BytesIO()
    soundfile.write(file, expected, 8000, format="WAV", subtype="PCM_16")
    samples = decode(file.getvalue(), "WAV", "PCM_16")
    return decode if samples is not None and np.array_equal(samples, expected) else None


def masks() -> tuple[Callable[..., Any], Callable[..., Any]] | None:
    """`freq_mask` and `time_mask`, each (spectrogram [time, bands], max width) -> one with a masked stripe; or None."""
    audio = audio_module()
    return (audio.freq_mask, audio.time_mask) if audio is not None else None
