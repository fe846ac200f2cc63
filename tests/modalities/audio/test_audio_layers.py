"""Audio inside the graph: features as librosa defines them, tokens and masks alike, in Keras and all three formats."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import small_runs
import tensorflow as tf
from parity import runners
from small_audio import MFCC_SPEC, clips, tokens_model

from mmkeras.modalities.audio.augment import Disturb, SpecAugment
from mmkeras.modalities.audio.decode import pad_clips
from mmkeras.modalities.audio.encoder import audio_tokens
from mmkeras.modalities.audio.filters import mel_filters
from mmkeras.modalities.audio.layers import FrameMask, LogMel, Mfcc, Smoothed, audio_features
from mmkeras.modalities.audio.spec import audio_spec

Run = Callable[[np.ndarray], dict[str, np.ndarray]]
RUNTIMES = ("keras", "savedmodel", "tflite", "onnx")
GOLDEN = small_runs.ROOT.parent / "shared" / "conformance" / "audio_features.npz"


def of_samples(model: keras.Model) -> dict[str, Run]:
    """Name of a runtime -> `samples` [b, n_samples] -> the model's outputs in that runtime."""
    made = runners(model)
    artefacts = {"savedmodel": made["savedmodel"], "tflite": made["litert"], "onnx": made["onnx"]}
    keras_itself = {"keras": lambda x: {k: np.asarray(v) for k, v in model(x, training=False).items()}}
    return keras_itself | {name: lambda x, run=run: run({"samples": x}) for name, run in artefacts.items()}


@pytest.fixture(scope="module")
def features() -> dict[str, Run]:
    """Log-mel, MFCC and mask of clips up to 0.8 s."""
    samples = keras.Input((MFCC_SPEC.n_samples,), name="samples")
    log_mel = LogMel(MFCC_SPEC)(samples)
    outputs = {"log_mel": log_mel, "mfcc": Mfcc(MFCC_SPEC)(log_mel), "mask": FrameMask(MFCC_SPEC)(samples)}
    return of_samples(keras.Model(samples, outputs))


@pytest.fixture(scope="module")
def golden() -> Any:
    if not GOLDEN.exists():
        pytest.skip("the golden features are in ../shared/conformance, which is not here")
    return np.load(GOLDEN)


# ---------------------------------------------------------------- features


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("batch", [1, 12])
def test_features_are_librosas(features: dict[str, Run], golden: Any, runtime: str, batch: int) -> None:
    """Zero-padded clips: the valid frames are the golden ones, whatever follows them."""
    n_clips = len(json.loads(GOLDEN.with_suffix(".json").read_text(encoding="utf-8"))["clips"])
    waves = [golden[f"waveform_{k}"] for k in range(n_clips)]
    for start in range(0, n_clips, batch):
        outputs = features[runtime](pad_clips(waves[start : start + batch], MFCC_SPEC.n_samples))
        for k in range(min(batch, n_clips - start)):
            for name in ("log_mel", "mfcc"):
                expected = golden[f"{name}_{start + k}"]
                np.testing.assert_allclose(outputs[name][k, : len(expected)], expected, rtol=0, atol=1e-4)
            real = np.arange(MFCC_SPEC.n_frames) < len(golden[f"log_mel_{start + k}"])
            np.testing.assert_array_equal(outputs["mask"][k], real.astype("float32"))


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050])
def test_features_are_numpys_own(rate: int) -> None:
    """The definition again, by an FFT in float64: for other rates there are no golden values."""
    spec = audio_spec(rate, 0.5, "mfcc")
    wave = clips(1, spec)[0]
    frames = np.stack([wave[k * spec.hop :][: spec.window] for k in range(spec.n_frames)]).astype("float64")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(spec.window) / spec.window)
    power = np.abs(np.fft.rfft(frames * hann, spec.fft)) ** 2
    expected = np.log(power @ mel_filters(spec).T.astype("float64") + 1e-6)
    log_mel = LogMel(spec)(wave[None])
    assert log_mel.shape == (1, spec.n_frames, spec.mels) == LogMel(spec).compute_output_shape((1, spec.n_samples))
    np.testing.assert_allclose(log_mel[0], expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_frames_behind_the_clip_are_masked(features: dict[str, Run], runtime: str) -> None:
    batch = clips(20)
    batch[0], batch[1, 300:] = 0, 0  # silence; a clip of one frame
    batch[2, 100:] = 0  # shorter than a frame
    batch[3, 500:900] = 0  # a pause is no end
    mask = features[runtime](batch)["mask"]
    ends = [int(np.flatnonzero(row).max(initial=-1)) + 1 for row in batch]
    for row, end in zip(mask, ends, strict=True):
        n = max(1, 1 + (end - MFCC_SPEC.window) // MFCC_SPEC.hop)
        assert row.tolist() == [1.0] * n + [0.0] * (MFCC_SPEC.n_frames - n)


def test_masks_of_every_length() -> None:
    spec = audio_spec(8000, 0.06)
    whole = np.ones((spec.n_samples, spec.n_samples), "float32") * np.tri(spec.n_samples, dtype="float32")
    outputs = FrameMask(spec)(whole).numpy().sum(axis=1)
    expected = [max(1, 1 + (n - spec.window) // spec.hop) for n in range(1, spec.n_samples + 1)]
    assert outputs.tolist() == expected


def test_the_rule_chooses_the_features() -> None:
    samples = keras.Input((8000,))
    assert [t.shape for t in audio_features(samples, audio_spec(8000, 1.0), "a")] == [(None, 98, 40), (None, 98)]
    assert audio_features(samples, audio_spec(8000, 1.0, "mfcc"), "b")[0].shape == (None, 98, 13)


@pytest.mark.parametrize(
    "layer",
    [
        LogMel(MFCC_SPEC, True),
        Mfcc(MFCC_SPEC),
        Smoothed(MFCC_SPEC),
        FrameMask(MFCC_SPEC),
        Disturb(0.5, 1),
        SpecAugment(3, 4, 5),
    ],
)
def test_layers_are_rebuilt_from_their_configuration(layer: keras.layers.Layer) -> None:
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()
    assert not layer.trainable_variables


@pytest.mark.parametrize(("shielded", "least", "most"), [(True, 0, 1e-3), (False, 0.5, 30)])
def test_int8_quantisation_leaves_shielded_features_alone(shielded: bool, least: float, most: float) -> None:
    from ai_edge_litert.interpreter import Interpreter

    layer = LogMel(MFCC_SPEC, shielded=shielded)
    call = tf.function(layer, input_signature=[tf.TensorSpec((1, MFCC_SPEC.n_samples), "float32")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()], layer)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    wave = (
        0.5 * np.sin(np.arange(MFCC_SPEC.n_samples, dtype="float32") / 3)[None]
    )  # loud in one band, silent in the others
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], wave)
    interpreter.invoke()
    outputs = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    worst = float(np.abs(outputs - LogMel(MFCC_SPEC)(wave)).max())
    assert least <= worst <= most


# ---------------------------------------------------------------- tokens


@pytest.fixture(scope="module", params=["mel", pytest.param("mfcc", marks=pytest.mark.slow)])
def tokens(request: pytest.FixtureRequest) -> dict[str, Run]:
    return of_samples(tokens_model(audio_spec(8000, 0.5, request.param)))


@pytest.mark.parametrize("runtime", RUNTIMES[1:])
@pytest.mark.parametrize("batch", [1, 4])
def test_tokens_are_keras_own_in_every_format(tokens: dict[str, Run], runtime: str, batch: int) -> None:
    data = clips(12, audio_spec(8000, 0.5))
    data[0] = 0
    for start in range(0, len(data), batch):
        expected = tokens["keras"](data[start : start + batch])
        outputs = tokens[runtime](data[start : start + batch])
        assert expected["tokens"].shape == (batch, 12, 16)
        assert np.abs(expected["tokens"]).max() > 0.5
        np.testing.assert_array_equal(outputs["mask"], expected["mask"])
        np.testing.assert_allclose(outputs["p"], expected["p"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(outputs["tokens"], expected["tokens"], rtol=0, atol=1e-5)


def test_the_answer_depends_on_the_clip(tokens: dict[str, Run]) -> None:
    """The comparisons above can fail."""
    p = tokens["keras"](clips(12, audio_spec(8000, 0.5)))["p"]
    assert p.std(axis=0).max() > 1e-3


@pytest.mark.parametrize("kind", ["mel", "mfcc"])
def test_silence_behind_a_clip_changes_nothing(kind: str) -> None:
    """Neither its level nor its length matters: with more zeros the same weights give the same tokens."""
    spec = audio_spec(8000, 0.5, kind)
    data = clips(6, spec)
    short = tokens_model(spec)
    expected = {k: v.numpy() for k, v in short(data, training=False).items()}
    for more in (80, 160, 240, 4000):
        longer = tokens_model(spec, spec.n_samples + more)
        longer.set_weights(short.get_weights())
        outputs = longer(np.pad(data, [(0, 0), (0, more)]), training=False)
        n = expected["tokens"].shape[1]
        np.testing.assert_array_equal(outputs["mask"][:, :n], expected["mask"])
        np.testing.assert_allclose(outputs["tokens"][:, :n], expected["tokens"], rtol=0, atol=1e-5)
        assert not np.asarray(outputs["tokens"][:, n:]).any()
        np.testing.assert_allclose(outputs["p"], expected["p"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["mel", "mfcc"])
def test_loudness_is_no_feature_pitch_is(kind: str) -> None:
    """Ten times louder is the same clip; two steady tones, which differ in their mean alone, are two."""
    spec = audio_spec(8000, 0.5, kind)
    at = np.arange(spec.n_samples) / spec.rate
    low, high = (np.sin(2 * np.pi * hz * at).astype("float32")[None] for hz in (300, 600))
    noise = np.random.default_rng(0).normal(0, 0.1, low.shape).astype("float32")
    model = tokens_model(spec)
    a, louder, b = (model(0.05 * x, training=False)["tokens"] for x in (low + noise, 10 * (low + noise), high + noise))
    assert np.abs(a - louder).max() < 0.05
    assert np.abs(a - b).max() > 0.3


def test_every_layer_is_named_after_its_column() -> None:
    spec = audio_spec(8000, 0.5, "mfcc")
    log_mel, mask = keras.Input((spec.n_frames, spec.mels)), keras.Input((spec.n_frames,))
    core = keras.Model([log_mel, mask], audio_tokens(log_mel, mask, spec, 16, 8, "clip"))
    ours = [layer.name for layer in core.layers if layer.weights]
    assert ours
    assert all(name.startswith("clip_") for name in ours)
