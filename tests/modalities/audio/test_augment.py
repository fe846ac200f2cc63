"""Augmentation of clips in training: the clips change, and stay valid clips."""

from __future__ import annotations

import numpy as np
import pytest
import small_mixtures as mixtures
from small_audio import clips, tokens_model

from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.augment import Disturb, SpecAugment
from mmkeras.modalities.audio.decode import pad_clips
from mmkeras.modalities.audio.layers import FrameMask, LogMel
from mmkeras.modalities.audio.spec import audio_spec


def test_training_bears_missing_cells() -> None:
    """A missing clip has no valid frame, and augmentation must handle it."""
    from mmkeras.modalities.audio.augment import Disturb

    spec = audio_spec(mixtures.RATE, 0.3, mels=16)
    log_mel = np.random.default_rng(0).normal(size=(3, spec.n_frames, spec.mels)).astype("float32")
    valid = np.ones((3, spec.n_frames), "float32")
    valid[1] = 0
    disturbed, still = Disturb(1.0, seed=0)(log_mel, valid, training=True)
    assert np.isfinite(disturbed).all()
    assert not np.asarray(disturbed)[1].any()
    assert np.asarray(still).sum(axis=1)[1] == 0


# ---------------------------------------------------------------- training alone


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Log-mel [64, frames, mels] of clips of half the length, and their mask."""
    spec = audio_spec(8000, 1.0)
    data = clips(64, audio_spec(8000, 0.5))
    padded = pad_clips(list(data), spec.n_samples)
    return LogMel(spec)(padded).numpy(), FrameMask(spec)(padded).numpy()


def test_a_prediction_sees_the_clip_as_it_is(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    log_mel, mask = pictures
    same, same_mask = Disturb(1.0)(log_mel, mask, training=False)
    np.testing.assert_array_equal(same, log_mel)
    np.testing.assert_array_equal(same_mask, mask)
    np.testing.assert_array_equal(SpecAugment()(log_mel, training=False), log_mel)
    np.testing.assert_array_equal(Disturb(0.0)(log_mel, mask, training=True)[0], log_mel)
    model = tokens_model(audio_spec(8000, 0.5))
    data = clips(4, audio_spec(8000, 0.5))
    first, again = model.predict(data, verbose=0), model.predict(data, verbose=0)
    np.testing.assert_array_equal(first["tokens"], again["tokens"])
    assert np.abs(model(data, training=True)["tokens"] - model(data, training=True)["tokens"]).max() > 0.1


def test_disturbed_clips_are_still_clips(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    log_mel, mask = pictures
    x, valid = (np.asarray(t) for t in Disturb(1.0, seed=0)(log_mel, mask, training=True))
    assert x.shape == log_mel.shape
    assert np.isfinite(x).all()
    assert set(np.unique(valid)) == {0.0, 1.0}
    assert not x[valid == 0].any()
    assert (np.abs(np.diff(valid, axis=1)).sum(axis=1) <= 2).all()  # one stretch of frames
    lengths, before = valid.sum(axis=1), mask.sum(axis=1)
    assert ((lengths >= before / 1.2 - 1) & (lengths <= before / 0.8 + 1)).all()
    assert (lengths != before).mean() > 0.5
    starts = valid.argmax(axis=1)
    assert starts.max() >= 5
    assert (starts <= 9).all()
    peaks = [(a[v > 0].max(), b[m > 0].max()) for a, v, b, m in zip(x, valid, log_mel, mask, strict=True)]
    assert max(abs(a - b) for a, b in peaks) < 2.5
    again = Disturb(1.0, seed=0)(log_mel, mask, training=True)[0]
    np.testing.assert_array_equal(again, x)
    assert np.abs(np.asarray(Disturb(1.0, seed=1)(log_mel, mask, training=True)[0]) - x).max() > 1


def test_a_disturbance_of_nothing_leaves_the_picture(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    """Stretch and warp by factor one are the identity, up to rounding."""
    log_mel, mask = pictures
    layer = Disturb(1e-7, seed=0)
    x, valid = layer.stretch(log_mel, mask)
    np.testing.assert_array_equal(valid, mask)
    np.testing.assert_allclose(np.asarray(x)[mask > 0], log_mel[mask > 0], atol=1e-3)
    np.testing.assert_allclose(layer.warp(log_mel), log_mel, atol=1e-3)


def assert_striped(hidden: np.ndarray, most_frames: int, most_bands: int) -> None:
    """Zeros [b, frames, bands] are whole rows and columns, and not too many."""
    rows, columns = hidden.all(axis=2), hidden.all(axis=1)
    np.testing.assert_array_equal(hidden, rows[:, :, None] | columns[:, None, :])
    assert rows.sum(axis=1).max() <= most_frames
    assert columns.sum(axis=1).max() <= most_bands
    assert len({row.tobytes() for row in hidden}) > 0.9 * len(hidden)  # each clip has its own
    assert 0 < hidden.mean() < 0.5


def test_spec_augment_hides_stripes() -> None:
    ones = np.ones((200, 60, 40), "float32")
    masked = np.asarray(SpecAugment(10, 6, 2, seed=0)(ones, training=True))
    assert set(np.unique(masked)) == {0.0, 1.0}
    assert_striped(masked == 0, 20, 12)
    rows = (np.asarray(SpecAugment(10, 6, 1, seed=0)(ones, training=True)) == 0).all(axis=2)
    assert set(rows.sum(axis=1)) == set(range(11))  # widths of 0 to 10, all of them
    short = np.asarray(SpecAugment(10, 6, 1)(np.ones((20, 4, 3), "float32"), training=True))
    assert short.shape == (20, 4, 3)


def test_spec_augment_by_tensorflow_io() -> None:
    if tfio.masks() is None:
        pytest.skip("tensorflow-io is not installed")
    for frames in (1, 2, 5):
        short = SpecAugment(frames=10, bands=3, native=True)(np.ones((4, frames, 8), "float32"), training=True)
        assert np.isfinite(np.asarray(short)).all(), "stripes may be wider than a clip"
    ones = np.ones((100, 60, 40), "float32")
    masked = SpecAugment(10, 6, 2, native=True)(ones, training=True).numpy()
    assert_striped(masked == 0, 20, 12)


def test_without_tensorflow_io_the_masks_are_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfio, "audio_module", lambda: None)
    assert tfio.masks() is None
    ones = np.ones((3, 60, 40), "float32")
    ours = SpecAugment(native=False, seed=3)(ones, training=True)
    np.testing.assert_array_equal(SpecAugment(native=True, seed=3)(ones, training=True), ours)
