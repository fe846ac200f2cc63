"""Constants of the spectrum: the mel scale and the cosine transform."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import small_runs

from mmkeras.modalities.audio.filters import cosine_transform, hz_to_mel, mel_filters, mel_to_hz
from mmkeras.modalities.audio.spec import audio_spec

GOLDEN = small_runs.ROOT.parent / "shared" / "conformance" / "audio_features.npz"
RULE = audio_spec(8000, 0.8, "mfcc")


def test_the_mel_scale() -> None:
    assert hz_to_mel(1000.0) == pytest.approx(1000.0, abs=0.1)  # as it is defined
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(np.array([0.0, 20.0, 4000.0]))), [0, 20, 4000], atol=1e-9)


def test_the_cosine_transform_is_orthonormal() -> None:
    whole = cosine_transform(audio_spec(8000, 1.0, "mfcc", coefficients=40)).astype("float64")
    np.testing.assert_allclose(whole.T @ whole, np.eye(40), atol=1e-6)


@pytest.fixture(scope="module")
def golden() -> Any:
    if not GOLDEN.exists():
        pytest.skip("the golden features are in ../shared/conformance, which is not here")
    return np.load(GOLDEN)


# ---------------------------------------------------------------- features


def test_mel_filters_are_librosas(golden: Any) -> None:
    np.testing.assert_allclose(mel_filters(RULE), golden["mel_filters"], rtol=0, atol=1e-7)
