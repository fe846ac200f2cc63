"""How an audio column is read (the part of the Config that its layers need), described and served. NumPy alone."""

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
PREPARED: Final = "float32 [b, frames, bands], the log-mel bands of a clip, normalised; its mask is bool [b, frames]"
NAMES_FILES: Final = True

FEATURES = ("mel", "mfcc")


@dataclass(frozen=True)
class AudioSpec:
    """How a clip is read; saved in schema.json.

    rate: Hz of the samples that the graph takes; window, hop, fft: of a frame, in samples; mels: bands between `low`
    and `high` Hz; features: `mel` (logarithms of the bands) or `mfcc` (the first `coefficients` of their cosine
    transform); seconds: of the longest clip.

    Raises InputError for values that contradict one another.
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
                f"received {self.low:g} to {self.high:g} Hz."
            )
        if not 1 <= self.coefficients <= self.mels:
            raise InputError(
                f"audio coefficients: expected 1 to {self.mels} (the mel bands), received {self.coefficients}."
            )
        if self.n_samples < self.window:
            raise InputError(f"audio seconds {self.seconds:g}: shorter than one frame of {self.window} samples.")

    @property
    def n_samples(self) -> int:
        """Samples of the longest clip."""
        return round(self.seconds * self.rate)

    @property
    def n_frames(self) -> int:
        """Frames of the longest clip: the first starts at sample 0, the last ends inside the clip."""
        return 1 + (self.n_samples - self.window) // self.hop

    @property
    def n_features(self) -> int:
        """Features of a frame."""
        return self.mels if self.features == "mel" else self.coefficients


def audio_spec(rate: int, seconds: float, features: str = "mel", mels: int = 40, coefficients: int = 13) -> AudioSpec:
    """The usual frames of speech recognition: windows of 25 ms every 10 ms, bands from 20 Hz to half the rate."""
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


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return f"mono, {graph_input.metadata.get('rate')} samples a second, zeros behind"


def served_name(name: str) -> str:
    """The name of the input in serving_default."""
    return f"{name}_bytes"


def as_served(value: np.ndarray | None, input_spec: InputSpec) -> tuple[bytes, np.ndarray | None]:
    """A clip as a client of TF Serving sends it, a wav or "" for a missing clip; and the samples in that wav."""
    return (b"", None) if value is None else wav(value, input_spec["rate"])


def stack_served(sent: Sequence[bytes], input_spec: InputSpec) -> np.ndarray:
    """Files [b]."""
    return np.array(sent, object)


def wav(samples: np.ndarray, rate: int) -> tuple[bytes, np.ndarray]:
    """Samples -> a wav of 16 bits, and its samples, which are rounded to 16 bits."""
    import soundfile

    rounded = np.clip(np.round(samples * 32768.0), -32768, 32767).astype("int16")
    file = io.BytesIO()
    soundfile.write(file, rounded, rate, format="WAV", subtype="PCM_16")
    return file.getvalue(), rounded.astype("float32") / np.float32(32768.0)
