"""NumPy's log-mel is the graph's, and librosa's."""

from __future__ import annotations

import numpy as np
import pytest
import small_runs

from mmkeras.modalities.audio.decode import pad_clips
from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.modalities.audio.spectrum import log_mel, valid_frames

GOLDEN = small_runs.ROOT.parent / "shared" / "conformance" / "audio_features.npz"


@pytest.mark.parametrize("rate", [8000, 22_050])
def test_log_mel_and_frames_are_the_layers(rate: int) -> None:
    from mmkeras.modalities.audio.layers import FrameMask, LogMel

    spec = audio_spec(rate, 0.3)
    rng = np.random.default_rng(0)
    clips = []
    for n in (0, 1, spec.window - 1, spec.window, spec.window + 1, spec.n_samples // 2, spec.n_samples):
        for silent in (0, 3, spec.hop + 1):  # zeros at the end of the clip itself
            clips.append((rng.standard_normal(n) * 0.1).astype("float32"))
            clips[-1][max(0, n - silent) :] = 0
    batch = pad_clips(clips, spec.n_samples)  # [21, n_samples]
    expected, mask = LogMel(spec)(batch).numpy(), FrameMask(spec)(batch).numpy()
    for k, samples in enumerate(clips):
        spectrum = log_mel(samples, spec)
        assert (spectrum.dtype, spectrum.shape) == (np.dtype("float32"), (spec.n_frames, spec.mels))
        np.testing.assert_allclose(spectrum, expected[k], rtol=0, atol=1e-4)
        assert valid_frames(samples, spec) == mask[k].sum()


@pytest.mark.skipif(not GOLDEN.exists(), reason="the golden features are in ../shared/conformance, which is not here")
def test_log_mel_is_librosas() -> None:
    golden, spec = np.load(GOLDEN), audio_spec(8000, 1.0)
    numbers = [name.removeprefix("waveform_") for name in golden.files if name.startswith("waveform_")]
    assert len(numbers) >= 11
    for number in numbers:
        samples, expected = golden[f"waveform_{number}"], golden[f"log_mel_{number}"]
        assert valid_frames(samples, spec) == len(expected)
        np.testing.assert_allclose(log_mel(samples, spec)[: len(expected)], expected, rtol=0, atol=1e-4)
