"""tensorflow-io in the place of soundfile, and soundfile where it does not work."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from mmkeras.errors import BadCell
from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.decode import decode_audio

RATE = 16_000


def tone(hz: float, seconds: float = 0.5, rate: int = RATE, loudness: float = 0.3) -> np.ndarray:
    """float32 [seconds * rate]."""
    return (loudness * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype("float32")


def encoded(samples: np.ndarray, container: str = "WAV", subtype: str = "PCM_16", rate: int = RATE) -> bytes:
    """Samples [frames] or [frames, channels] as a file's bytes."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype)
    return file.getvalue()


CLIP = tone(440.0)


def test_another_decoder_is_asked_first() -> None:
    asked: list[tuple[int, str, str]] = []

    def native(data: bytes, container: str, subtype: str) -> np.ndarray | None:
        asked.append((len(data), container, subtype))
        return np.full((8000, 2), [0.5, 0.25], "float32") if container == "FLAC" else None

    assert (decode_audio(encoded(CLIP, "FLAC"), RATE, 1.0, native=native) == 0.375).all()
    wav = encoded(CLIP)
    np.testing.assert_array_equal(decode_audio(wav, RATE, 1.0, native=native), decode_audio(wav, RATE, 1.0))
    decode_audio(wav, RATE, 0.1, native=native)  # a clip that is cut: it decodes whole files, so it is not asked
    assert [kind for _, *kind in asked] == [["FLAC", "PCM_16"], ["WAV", "PCM_16"]]
    with pytest.raises(BadCell, match="not finite"):
        decode_audio(wav, RATE, 1.0, native=lambda *_: np.full((8000, 1), np.nan, "float32"))


def not_built_for_this_tensorflow(*_: Any, **__: Any) -> None:
    raise NotImplementedError("unable to open file: libtensorflow_io.so, undefined symbol")


@pytest.mark.parametrize("module", [None, SimpleNamespace(decode_wav=not_built_for_this_tensorflow)])
def test_without_a_working_tensorflow_io_soundfile_reads(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfio, "audio_module", lambda: module)
    tfio.native_decoder.cache_clear()
    assert tfio.decode(encoded(CLIP), "WAV", "PCM_16") is None
    assert tfio.native_decoder() is None
    tfio.native_decoder.cache_clear()


def test_tensorflow_io_hears_what_soundfile_hears() -> None:
    native = tfio.native_decoder()
    if native is None:
        pytest.skip("tensorflow-io is not installed, or its native ops do not fit this TensorFlow")
    stereo = np.stack([CLIP, 0.5 * CLIP], axis=1)
    for container, subtype in tfio.EXACT:
        for clip in (CLIP, stereo):
            data = encoded(clip, container, subtype)
            assert native(data, container, subtype) is not None
            np.testing.assert_array_equal(decode_audio(data, RATE, 1.0, native=native), decode_audio(data, RATE, 1.0))
    assert native(encoded(CLIP, "MP3", "MPEG_LAYER_III"), "MP3", "MPEG_LAYER_III") is None
