"""Clips in memory -> a file of them: samples with their rate, and bytes of files."""

from __future__ import annotations

import io
import numbers
from typing import Any, Final

import numpy as np

from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import BadCell
from mmkeras.modalities.audio.decode import HIGHEST_RATE, LOWEST_RATE, MOST_CHANNELS

EXPECTED: Final = (
    "expected a path, the bytes of a file, or (samples, rate): an array [samples] or [samples, channels] of floats, "
    "full scale 1.0, or of int16 or int32, and its samples a second"
)
SUBTYPES: Final = {"float64": "DOUBLE", "float32": "FLOAT", "int16": "PCM_16", "int32": "PCM_32"}
MEDIA_TYPES: Final = (
    *((b"RIFF", "audio/wav"), (b"RF64", "audio/wav"), (b"fLaC", "audio/flac"), (b"OggS", "audio/ogg")),
    *((b"ID3", "audio/mpeg"), (b"\xff\xfb", "audio/mpeg"), (b"\xff\xf3", "audio/mpeg"), (b"FORM", "audio/aiff")),
    *((b".snd", "audio/basic"), (b"caff", "audio/x-caf"), (b"riff", "audio/x-w64")),
)


def is_held(value: Any) -> bool:
    """Is a value a clip in memory: samples with their rate, or the bytes of a file?"""
    if isinstance(value, bytes):
        return media_type(value) != ""
    return isinstance(value, tuple) and len(value) == 2 and any(hasattr(part, "shape") for part in value)


def media_type(data: bytes) -> str:
    """The media type of a clip's file, by its first bytes; '' for another file."""
    if data.startswith(b"RIFF") and data[8:12] != b"WAVE":
        return ""
    return next((name for start, name in MEDIA_TYPES if data.startswith(start)), "")


def from_object(value: Any) -> bytes:
    """A clip in memory as the bytes of a file, which `cells.read` takes. Raises BadCell for what is no clip."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise BadCell(f"{EXPECTED}; received {type_in_words(value)}.")
    samples, rate = value
    if isinstance(rate, np.ndarray) and rate.ndim:
        raise BadCell(f"{EXPECTED}; received the rate first: give (samples, rate).")
    hertz = float(rate) if isinstance(rate, numbers.Real) else 0.0
    if not LOWEST_RATE <= hertz <= HIGHEST_RATE or hertz != round(hertz):
        raise BadCell(f"{EXPECTED}, {LOWEST_RATE} to {HIGHEST_RATE} Hz; received the rate {rate!r}.")
    return _wav(_checked(np.asarray(samples)), round(hertz))


def as_file(value: Any) -> tuple[str, bytes]:
    """A clip in memory as a file without loss, and its media type. Raises BadCell."""
    data = from_object(value)
    return media_type(data), data


def _checked(samples: np.ndarray) -> np.ndarray:
    """Samples in a type that a file has, [n] or [n, channels]. Raises BadCell for other shapes and types."""
    if samples.dtype == "float16":
        samples = samples.astype("float32")
    if str(samples.dtype) not in SUBTYPES or samples.ndim not in (1, 2) or not samples.size:
        raise BadCell(f"{EXPECTED}; received samples: {type_in_words(samples)}.")
    if samples.ndim == 2 and samples.shape[1] > MOST_CHANNELS:
        raise BadCell(
            f"{EXPECTED}; received samples: {type_in_words(samples)}. It looks like [channels, samples]: give samples.T"
        )
    return samples


def _wav(samples: np.ndarray, rate: int) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=SUBTYPES[str(samples.dtype)])
    return file.getvalue()
