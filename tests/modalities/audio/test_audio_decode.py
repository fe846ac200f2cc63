"""Audio: every format decoded to the same samples, damaged files refused."""

from __future__ import annotations

import io
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmkeras.errors import BadCell
from mmkeras.modalities.audio.decode import decode_audio, pad_clips, resample

RATE = 16_000
LOSSLESS = [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("WAV", "PCM_32"), ("WAV", "FLOAT"), ("WAV", "DOUBLE"),
            ("FLAC", "PCM_16"), ("FLAC", "PCM_24"), ("AIFF", "PCM_16"), ("AU", "PCM_16"), ("CAF", "PCM_16"),
            ("WAVEX", "PCM_16"), ("RF64", "PCM_16"), ("W64", "PCM_16")]  # fmt: skip
ROUGH = [("WAV", "PCM_U8"), ("WAV", "ULAW"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]


def tone(hz: float, seconds: float = 0.5, rate: int = RATE, loudness: float = 0.3) -> np.ndarray:
    """float32 [seconds * rate]."""
    return (loudness * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype("float32")


def encoded(samples: np.ndarray, container: str = "WAV", subtype: str = "PCM_16", rate: int = RATE) -> bytes:
    """Samples [frames] or [frames, channels] as a file's bytes."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype)
    return file.getvalue()


def loudest_hz(samples: np.ndarray, rate: int) -> float:
    """The frequency with the most power."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1 << 16))
    return float(spectrum.argmax() * rate / (1 << 16))


# ---------------------------------------------------------------- decoding


@pytest.mark.parametrize(("container", "subtype"), [*LOSSLESS, *ROUGH])
def test_every_format_gives_the_same_samples(container: str, subtype: str, tmp_path: Path) -> None:
    clip = tone(440.0)
    path = tmp_path / f"clip.{container.lower()}"
    soundfile.write(path, clip, RATE, format=container, subtype=subtype)
    samples = decode_audio(path, RATE, 1.0)
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(decode_audio(path.read_bytes(), RATE, 1.0), samples)
    exact = (container, subtype) in LOSSLESS
    if exact:
        np.testing.assert_allclose(samples, clip, rtol=0, atol=2**-15)
    else:
        assert len(samples) == pytest.approx(len(clip), abs=700)
        assert loudest_hz(samples, RATE) == pytest.approx(440, abs=1.0)
        assert np.abs(samples[1000:7000]).max() == pytest.approx(0.3, abs=0.05)


def test_a_clip_is_cut_and_a_short_one_left_as_it_is() -> None:
    data = encoded(tone(440.0, 0.5))
    assert len(decode_audio(data, RATE, 0.25)) == 4000
    np.testing.assert_array_equal(decode_audio(data, RATE, 0.25), decode_audio(data, RATE, 3.0)[:4000])
    assert len(decode_audio(data, RATE, 3.0)) == 8000


def test_pad_clips() -> None:
    clips = [np.ones(3, "float32"), np.ones(5, "float32"), np.zeros(0, "float32")]
    padded = pad_clips(clips)
    assert padded.shape == (3, 5)
    assert padded.dtype == np.float32
    assert padded.sum(axis=1).tolist() == [3, 5, 0]
    assert pad_clips(clips, 4).sum(axis=1).tolist() == [3, 4, 0]
    assert pad_clips([]).shape == (0, 1)


@pytest.mark.parametrize("channels", [2, 3, 6])
def test_channels_are_averaged(channels: int) -> None:
    clip = np.stack([tone(440.0, loudness=0.1 * (k + 1)) for k in range(channels)], axis=1)
    samples = decode_audio(encoded(clip, subtype="FLOAT"), RATE, 1.0)
    np.testing.assert_allclose(samples, clip.mean(axis=1), rtol=0, atol=1e-6)
    opposite = np.stack([tone(440.0), -tone(440.0)], axis=1)
    assert np.abs(decode_audio(encoded(opposite, subtype="FLOAT"), RATE, 1.0)).max() == 0


@pytest.mark.parametrize("source_rate", [8000, 11_025, 22_050, 44_100, 44_099, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_tone_stays_where_it_was(source_rate: int, rate: int) -> None:
    samples = decode_audio(encoded(tone(1234.0, 0.5, source_rate), rate=source_rate), rate, 1.0)
    assert len(samples) == pytest.approx(0.5 * rate, abs=3)
    assert loudest_hz(samples, rate) == pytest.approx(1234, abs=0.5)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    assert np.abs(middle).max() == pytest.approx(0.3, abs=0.01)
    if source_rate != 44_099:  # sample for sample, but for the filter's ends
        expected = 0.3 * np.sin(2 * np.pi * 1234.0 * np.arange(len(samples)) / rate)
        np.testing.assert_allclose(samples[200:-200], expected[200:-200], rtol=0, atol=0.01)


def test_what_a_lower_rate_cannot_hold_is_gone_not_folded_down() -> None:
    samples = decode_audio(encoded(tone(7000.0, 0.5, 44_100), rate=44_100), 8000, 1.0)
    assert np.abs(samples[100:-100]).max() < 0.003  # as an alias it would be a tone of 1 kHz at 0.3


def test_resampling_starts_before_the_cut() -> None:
    """The last sample of a cut clip is that of the whole clip: the filter must not read silence after the cut."""
    data = encoded(tone(440.0, 2.0, 44_100), rate=44_100)
    np.testing.assert_allclose(decode_audio(data, 8000, 1.0), decode_audio(data, 8000, 2.0)[:8000], rtol=0, atol=1e-5)
    assert resample(tone(440.0), RATE, RATE).base is None


# ---------------------------------------------------------------- what is refused


def wav_header(rate: int = RATE, channels: int = 1, data_bytes: int = 1000, bits: int = 16) -> bytes:
    """A wav header made by hand, with any declared size."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, rate, min(rate * block, 2**32 - 1), block, bits)
    head = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"data" + struct.pack("<I", data_bytes)
    return b"RIFF" + struct.pack("<I", min(len(head) + data_bytes, 2**32 - 1)) + head


CLIP = tone(440.0)
NOT_FINITE = CLIP.copy()
NOT_FINITE[100] = np.nan
INFINITE = CLIP.copy()
INFINITE[-1] = -np.inf
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "zero bytes": (lambda: b"", "is empty \\(0 bytes\\)"),
    "text": (lambda: b"This is no sound, it only has the name of one.\n" * 20, "expected audio as wav.*not recognised"),
    "html": (lambda: b"<!DOCTYPE html><html><body>404</body></html>", "expected audio"),
    "png": (lambda: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200), "expected audio"),
    "half a header": (lambda: encoded(CLIP)[:30], "expected audio.*data"),
    "a header alone": (lambda: encoded(CLIP)[:44], "no samples"),
    "zero frames": (lambda: encoded(CLIP[:0]), "no samples"),
    "half a wav": (lambda: encoded(CLIP)[:8000], "cut short: 7956 of 16000 bytes"),
    "half a float wav": (lambda: encoded(CLIP, subtype="FLOAT")[:8000], "cut short"),
    "half an aiff": (lambda: encoded(CLIP, "AIFF")[:8000], "cut short"),
    "half a flac": (lambda: encoded(CLIP, "FLAC")[:4000], "lost sync"),
    "half an ogg": (lambda: encoded(CLIP, "OGG", "VORBIS")[:3000], "."),
    "half an mp3": (lambda: encoded(tone(440, 2.0), "MP3", "MPEG_LAYER_III")[:1200], "cut short"),
    "not a number": (lambda: encoded(NOT_FINITE, subtype="FLOAT"), "not finite"),
    "infinity": (lambda: encoded(INFINITE, subtype="FLOAT"), "not finite"),
    "far too loud": (lambda: encoded(CLIP * np.float32(1e20), subtype="FLOAT"), "as large as 3e\\+19"),
    "rate 1": (lambda: wav_header(1) + bytes(1000), "a rate of 1 Hz; expected 1000 to 768000 Hz"),
    "rate 4 GHz": (lambda: wav_header(2**32 - 1) + bytes(1000), "."),
    "rate 1 GHz": (lambda: wav_header(10**9) + bytes(1000), "a rate of 1000000000 Hz"),
    "1000 channels": (lambda: wav_header(channels=1000, data_bytes=4000) + bytes(4000), "1000 channels"),
    "three hours": (lambda: encoded(np.zeros(3 * 3600 * 1000, "int16"), subtype="PCM_U8", rate=1000), "10800 seconds"),
    "matlab": (lambda: encoded(CLIP, "MAT5", "PCM_16"), "looks like MAT5"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_heard_is_refused_in_a_sentence(what: str, tmp_path: Path) -> None:
    make, message = REFUSED[what]
    data = make()
    (tmp_path / "clip.wav").write_bytes(data)
    for source in (data, tmp_path / "clip.wav"):
        with pytest.raises(BadCell, match=message) as caught:
            decode_audio(source, RATE, 1.0)
        assert "0x" not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.wav", tmp_path):
        with pytest.raises(BadCell, match="no such file"):
            decode_audio(path, RATE, 1.0)
    (tmp_path / "samples.raw").write_bytes(bytes(1000))  # soundfile wants to be told a .raw file's rate
    with pytest.raises(BadCell, match="expected audio"):
        decode_audio(tmp_path / "samples.raw", RATE, 1.0)


def test_a_wav_written_into_a_pipe_is_heard() -> None:
    """A wav written into a pipe declares no true length."""
    for size in (0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFF024):
        samples = decode_audio(wav_header(data_bytes=size) + (CLIP * 2**15).astype("<i2").tobytes(), RATE, 1.0)
        assert len(samples) == len(CLIP)


def test_integers_in_a_float_file_are_read() -> None:
    assert np.abs(decode_audio(encoded(CLIP * 32768, subtype="FLOAT"), RATE, 1.0)).max() > 9000


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_damaged_headers_never_crash() -> None:
    rng = np.random.default_rng(0)
    files = [encoded(CLIP, *kind) for kind in [*LOSSLESS, *ROUGH]]
    outcomes = []
    for k in range(360):
        data = bytearray(files[k % len(files)])
        for at in rng.integers(0, 120, 4):
            data[at] = rng.integers(0, 256)
        try:
            samples = decode_audio(bytes(data), RATE, 1.0)
        except BadCell as error:
            outcomes.append(str(error))
            continue
        assert len(samples) <= RATE
        assert np.isfinite(samples).all()
        outcomes.append("")
    assert 60 < outcomes.count("") < 340  # some damage is harmless: a tag, a byte that nobody reads


def test_a_long_wav_is_read_only_as_far_as_needed(tmp_path: Path) -> None:
    """Three hours of 16-bit stereo at 44.1 kHz, 1.9 GB (a sparse file): refused by its header; where it is allowed,
    a few megabytes hold all that is read."""
    size = 3 * 3600 * 44_100 * 4
    path = tmp_path / "long.wav"
    with open(path, "wb") as file:
        file.write(wav_header(44_100, 2, size))
        file.truncate(44 + size)
    resample(np.zeros(100, "float32"), 44_100, RATE)  # loads SciPy before memory is counted
    tracemalloc.start()
    with pytest.raises(BadCell, match="10800 seconds long; the longest allowed is 600"):
        decode_audio(path, RATE, 2.0)
    samples = decode_audio(path, RATE, 2.0, longest_seconds=20_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(samples) == 2 * RATE
    assert peak < 8e6
