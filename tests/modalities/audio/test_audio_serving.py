"""Clips as clients of TF Serving send them."""

from __future__ import annotations

import io

import numpy as np
import pytest
import small_mixtures as mixtures
import soundfile
from small_columns import RULE

from mmkeras.modalities.audio.decode import decode_audio


def test_clips_are_read_as_training_reads_them() -> None:
    import tensorflow as tf

    from mmkeras.modalities.audio.serving import read_waves

    def wav(samples: np.ndarray, rate: int = mixtures.RATE) -> bytes:
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
        return file.getvalue()

    clip = mixtures.clip(2, "high")
    stereo = np.stack([clip, 0.25 * clip], axis=1)
    files = [wav(clip), wav(stereo), wav(np.tile(clip, 3)), b""]
    waves, present = read_waves(np.array(files, object), RULE)
    assert waves.shape == (4, RULE.n_samples)
    assert present.numpy().tolist() == [[1], [1], [1], [0]]
    for wave, file in zip(waves.numpy(), files[:-1], strict=False):
        expected = decode_audio(file, RULE.rate, RULE.seconds)
        np.testing.assert_allclose(wave[: len(expected)], expected, atol=1e-7)
        assert not wave[len(expected) :].any()
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a wav of 4000 Hz, received one of 8000 Hz"):
        read_waves(np.array([wav(clip, 8000)], object), RULE)
