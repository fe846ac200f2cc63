"""Windows, hops and bands at each sample rate."""

from __future__ import annotations

from typing import Any

import pytest

from mmkeras.errors import InputError
from mmkeras.modalities.audio.filters import mel_filters
from mmkeras.modalities.audio.spec import AudioSpec, audio_spec


def test_a_rule_for_a_rate() -> None:
    assert audio_spec(8000, 1.0) == AudioSpec(8000, 200, 80, 256, 40, 20.0, 4000.0, "mel", 13, 1.0)
    assert audio_spec(16_000, 1.0) == AudioSpec()
    assert (AudioSpec().n_samples, AudioSpec().n_frames, AudioSpec().n_features) == (16_000, 98, 40)
    assert audio_spec(44_100, 2.0, "mfcc").n_features == 13


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"features": "chroma"}, "'chroma': expected one of mel, mfcc"),
        ({"hop": 0}, "1 <= hop 0"),
        ({"fft": 256}, "window 400 <= fft 256"),
        ({"high": 9000.0}, "half the rate \\(8000 Hz\\), received 20 to 9000"),
        ({"coefficients": 41}, "expected 1 to 40"),
        ({"seconds": 0.01}, "shorter than one frame"),
    ],
)
def test_rules_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        AudioSpec(**wrong)


def test_more_bands_than_an_fft_has_bins_are_refused() -> None:
    with pytest.raises(InputError, match="128 mel bands are too many .* of them would be empty"):
        mel_filters(audio_spec(8000, 1.0, mels=128))
