"""Audio files -> the samples that a graph takes. soundfile, SciPy and NumPy alone: clients import nothing else.

Resampling is SciPy's polyphase filter: SciPy is installed anyway (scikit-learn needs it), the result has a known length
and is the same on every machine, and a clip of seconds takes under a millisecond. soxr's steeper filter keeps a little
more just below half the rate, where a mel band is hundreds of Hz wide.
"""

from __future__ import annotations

import contextlib
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import BadCell

# libsndfile reads two dozen containers; it mistakes other files for the rare ones, whose signatures are weak
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF")
EXPECTED = "expected audio as wav, flac, ogg, mp3, aiff, au or caf"
LONGEST_SECONDS = 600.0  # a longer file is refused as a mistake, not truncated
LOWEST_RATE, HIGHEST_RATE = 1_000, 768_000  # Hz
MOST_CHANNELS = 64
LOUDEST = 2.0**31  # full scale is 1, but some files hold integers as floats; beyond, a power would overflow float32
BLOCK = 1 << 18  # numbers that are read at once, over all channels: 1 MB
MARGIN = 0.05  # seconds read beyond the end of the clip, so that the resampling filter does not meet the cut
UNKNOWN_SIZE = 0x7FF0_0000  # a program that writes into a pipe declares a size near 2**31 or 2**32

Decoder = Callable[[bytes, str, str], np.ndarray | None]


class _Bytes(io.BytesIO):
    """Bytes as a file. A damaged header makes libsndfile seek before the start, which must not raise."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


def decode_audio(
    source: bytes | Path,
    rate: int,
    seconds: float,
    longest_seconds: float = LONGEST_SECONDS,
    native: Decoder | None = None,
) -> np.ndarray:
    """An encoded clip -> float32 [n], mono, `rate` samples a second, full scale 1; n is at most round(seconds * rate).

    source: the file's bytes, or its path, of which only the start of a long file is read.
    native: a decoder to try first (`tfio.native_decoder`).
    Channels are averaged. A short clip is not padded; `pad_clips` does that.
    Raises BadCell for a file that is no audio, is damaged or truncated, has no samples or samples that are not finite,
    or is longer than `longest_seconds`.
    """
    with open_audio(source) as file:
        check_header(file, max(longest_seconds, seconds))
        n_frames = min(file.frames, math.ceil((seconds + MARGIN) * file.samplerate))
        samples = None
        if native is not None and file.frames <= n_frames:  # it decodes whole files alone
            data = source if isinstance(source, bytes) else source.read_bytes()
            samples = native(data, file.format, file.subtype)
        samples = read_mono(file, n_frames) if samples is None else samples.mean(axis=1, dtype="float32")
        source_rate = file.samplerate
    check_samples(samples)
    return resample(samples, source_rate, rate)[: round(seconds * rate)]


def audio_seconds(source: bytes | Path, longest_seconds: float = LONGEST_SECONDS) -> float:
    """A clip's duration, from its header. Raises BadCell for a header that `decode_audio` refuses."""
    with open_audio(source) as file:
        check_header(file, longest_seconds)
        return float(file.frames / file.samplerate)


@contextlib.contextmanager
def open_audio(source: bytes | Path) -> Iterator[Any]:
    """A soundfile.SoundFile of a file's bytes or path. Raises BadCell, also for soundfile's errors in the block."""
    import soundfile

    if not isinstance(source, bytes) and not source.is_file():
        raise BadCell(f"{source}: there is no such file")
    if not (len(source) if isinstance(source, bytes) else source.stat().st_size):
        raise BadCell("the file is empty (0 bytes)")
    try:
        with soundfile.SoundFile(_Bytes(source) if isinstance(source, bytes) else str(source)) as file:
            yield file
    # TypeError: a name that ends in .raw; UnicodeError: a name that is no Unicode
    except (soundfile.SoundFileError, TypeError, OSError, UnicodeError) as error:
        raise BadCell(f"{EXPECTED}; {reason(error)}") from None


def reason(error: Exception) -> str:
    """libsndfile's message, without the object's address."""
    text = getattr(error, "error_string", "") or str(error)
    return text.strip().rstrip(".").lower() or type(error).__name__


def check_header(file: Any, longest_seconds: float) -> None:
    """Raise BadCell for a soundfile.SoundFile whose header shows that it cannot be used."""
    if file.format not in CONTAINERS:
        raise BadCell(f"{EXPECTED}; this looks like {file.format}")
    if not LOWEST_RATE <= file.samplerate <= HIGHEST_RATE:
        raise BadCell(f"a rate of {file.samplerate} Hz; expected {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if file.channels > MOST_CHANNELS:
        raise BadCell(f"{file.channels} channels; expected at most {MOST_CHANNELS}")
    if file.frames <= 0:
        raise BadCell("it holds no samples")
    # libsndfile reads the rest of a truncated wav or aiff without an error; only its log tells
    sizes = re.search(r"^ *(?:data|SSND) *: (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if sizes and int(sizes[2]) < int(sizes[1]) < UNKNOWN_SIZE:
        raise BadCell(f"the file is cut short: {sizes[2]} of {sizes[1]} bytes of samples")
    if file.frames > longest_seconds * file.samplerate:
        raise BadCell(f"{file.frames / file.samplerate:.0f} seconds long; the longest allowed is {longest_seconds:g}")


def read_mono(file: Any, n_frames: int) -> np.ndarray:
    """The first `n_frames` of a soundfile.SoundFile, channels averaged, in blocks: float32 [n_frames] or fewer."""
    samples = np.empty(n_frames, "float32")
    step, n_read = max(1, BLOCK // file.channels), 0
    while n_read < n_frames:
        block = file.read(min(step, n_frames - n_read), dtype="float32", always_2d=True)  # [frames, channels]
        if not len(block):
            break
        samples[n_read : n_read + len(block)] = block.mean(axis=1)
        n_read += len(block)
    if n_read < 0.95 * n_frames:  # an mp3 may hold a little less than its header estimates
        raise BadCell(f"the file is cut short: {n_read} of {n_frames} samples could be read")
    return samples[:n_read]


def check_samples(samples: np.ndarray) -> None:
    """Raise BadCell for samples that are not finite, or too large for a sound."""
    loudest = float(np.abs(samples).max())  # NaN if any sample is
    if not math.isfinite(loudest):
        raise BadCell("some samples are not finite (NaN or infinity)")
    if loudest > LOUDEST:
        raise BadCell(f"samples as large as {loudest:.2g}; full scale is 1")


def resample(samples: np.ndarray, source_rate: int, rate: int) -> np.ndarray:
    """float32 [n] at `source_rate` Hz -> float32 [about n * rate / source_rate] at `rate` Hz."""
    if source_rate == rate:
        return samples
    from scipy.signal import resample_poly

    # exact for all common rates; an unusual one (44,099 Hz) may be off by a thousandth of a percent, so that the
    # filter, whose length is twenty times the larger number, stays short
    ratio = Fraction(rate, source_rate).limit_denominator(10_000)
    return np.asarray(resample_poly(samples, ratio.numerator, ratio.denominator), "float32")


def pad_clips(clips: Sequence[np.ndarray], n_samples: int | None = None) -> np.ndarray:
    """Clips float32 [n] -> float32 [len(clips), n_samples], zero-padded; n_samples None: that of the longest clip."""
    width = n_samples or max(1, max(map(len, clips), default=1))
    padded = np.zeros((len(clips), width), "float32")
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip[:width]
    return padded
