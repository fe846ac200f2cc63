"""The facts about an audio column, and how one is heard: the part of the Config that its layers need. NumPy alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import Input, InputSpec

EXAMPLE: Final = "clip.wav"
FLAGS: Final[tuple[str, ...]] = ("audio_features", "audio_rate", "seconds", "mels", "coefficients", "disturb")
NAMES_FILES: Final = True

FEATURES = ("mel", "mfcc")


@dataclass(frozen=True)
class AudioSpec:
    """How a clip is heard; saved in schema.json.

    rate: Hz of the samples the graph takes; window, hop, fft: of a frame, in samples; mels: bands between `low` and
    `high` Hz; features: `mel` (logarithms of the bands) or `mfcc` (the first `coefficients` of their cosine transform);
    seconds: longest clip.

    Raises InputError for numbers that do not go together.
    """

    rate: int = 16_000
    window: int = 400
    hop: int = 160
    fft: int = 512
    mels: int = 40
    low: float = 20.0
    high: float = 8000.0
    features: str = "mel"
    coefficients: int = 13
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.features not in FEATURES:
            raise InputError(f"audio features {self.features!r}: expected one of {', '.join(FEATURES)}.")
        if not 1 <= self.hop <= self.window <= self.fft:
            raise InputError(f"audio frames: expected 1 <= hop {self.hop} <= window {self.window} <= fft {self.fft}.")
        if not 0 <= self.low < self.high <= self.rate / 2:
            raise InputError(
                f"audio bands: expected 0 <= low < high <= half the rate ({self.rate / 2:g} Hz), "
                f"found {self.low:g} to {self.high:g} Hz."
            )
        if not 1 <= self.coefficients <= self.mels:
            raise InputError(
                f"audio coefficients: expected 1 to {self.mels} (the mel bands), found {self.coefficients}."
            )
        if self.n_samples < self.window:
            raise InputError(f"audio seconds {self.seconds:g}: shorter than one frame of {self.window} samples.")

    @property
    def n_samples(self) -> int:
        """Samples of the longest clip."""
        return round(self.seconds * self.rate)

    @property
    def n_frames(self) -> int:
        """Frames of the longest clip: they start at sample 0 and lie wholly inside."""
        return 1 + (self.n_samples - self.window) // self.hop

    @property
    def n_features(self) -> int:
        """Numbers a frame."""
        return self.mels if self.features == "mel" else self.coefficients


def audio_spec(rate: int, seconds: float, features: str = "mel", mels: int = 40, coefficients: int = 13) -> AudioSpec:
    """The usual frames of speech work for a rate: windows of 25 ms every 10 ms, bands from 20 Hz to half the rate."""
    window = round(0.025 * rate)
    return AudioSpec(
        rate=rate,
        window=window,
        hop=max(1, round(0.010 * rate)),
        fft=1 << (window - 1).bit_length(),  # the next power of two
        mels=mels,
        high=rate / 2,
        features=features,
        coefficients=coefficients,
        seconds=seconds,
    )


def describe(given: Input) -> str:
    """The raw input in words."""
    return f"mono, {given.metadata.get('rate')} samples a second, zeros behind"


def served_name(name: str) -> str:
    """What serving_default calls the input."""
    return f"{name}_bytes"


def as_served(value: np.ndarray | None, entry: InputSpec) -> tuple[bytes, np.ndarray | None]:
    """A clip as a client of TF Serving sends it: a wav, "" where there is none; and the samples that are in it."""
    return (b"", None) if value is None else wav(value, entry["rate"])


def stack_served(sent: Sequence[bytes], entry: InputSpec) -> np.ndarray:
    """Files [b]."""
    return np.array(sent, object)


def wav(samples: np.ndarray, rate: int) -> tuple[bytes, np.ndarray]:
    """Samples -> a wav of 16 bits, and the samples that are in it."""
    import soundfile

    kept = np.clip(np.round(samples * 32768.0), -32768, 32767).astype("int16")
    file = io.BytesIO()
    soundfile.write(file, kept, rate, format="WAV", subtype="PCM_16")
    return file.getvalue(), kept.astype("float32") / np.float32(32768.0)
