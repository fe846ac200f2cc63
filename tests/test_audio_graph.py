"""Audio inside the graph: features as librosa defines them, tokens and masks alike, in Keras and all three formats."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from mmkeras.export.formats.onnx import OPSET, check_standard
from mmkeras.export.formats.onnx_graph import simplify
from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.augment import Disturb, SpecAugment
from mmkeras.modalities.audio.decode import pad_clips
from mmkeras.modalities.audio.encoder import audio_tokens
from mmkeras.modalities.audio.filters import mel_filters
from mmkeras.modalities.audio.layers import FrameMask, LogMel, Mfcc, Smoothed, audio_features
from mmkeras.modalities.audio.spec import AudioRule, audio_rule

Run = Callable[[np.ndarray], dict[str, np.ndarray]]
RUNTIMES = ("keras", "savedmodel", "tflite", "onnx")
GOLDEN = Path(__file__).parents[2] / "shared" / "conformance" / "audio_features.npz"
RULE = audio_rule(8000, 0.8, "mfcc")


def clips(n: int, rule: AudioRule = RULE, seed: int = 0) -> np.ndarray:
    """float32 [n, rule.n_samples]: noise of every length and loudness, zeros behind."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(rule.window, rule.n_samples + 1, n)
    sounds = [rng.normal(0, 10.0 ** rng.uniform(-3, 0), k).astype("float32") for k in lengths]
    return pad_clips(sounds, rule.n_samples)


def export_everywhere(model: keras.Model, n_samples: int, folder: Path) -> dict[str, Run]:
    """A Keras model of `samples` [b, n_samples] -> what it answers in each runtime, LiteRT with builtins alone."""
    import onnxruntime
    import tf2onnx
    from ai_edge_litert.interpreter import Interpreter

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    spec = tf.TensorSpec((None, n_samples), "float32", "samples")
    names = sorted(model.output)
    call = tf.function(lambda samples: {k: tf.identity(v) for k, v in model(samples, training=False).items()})
    saved = str(folder / "saved")
    tf.saved_model.save(module, saved, signatures={"predict": call.get_concrete_function(samples=spec)})

    converter = tf.lite.TFLiteConverter.from_saved_model(saved, signature_keys=["predict"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    with contextlib.redirect_stdout(io.StringIO()):
        interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    lite = interpreter.get_signature_runner("predict")

    ordered = tf.function(lambda samples: [call(samples)[name] for name in names], input_signature=[spec])
    proto, _ = tf2onnx.convert.from_function(ordered, input_signature=[spec], opset=OPSET)
    simplify(proto.graph)
    check_standard(proto)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    loaded = tf.saved_model.load(saved).signatures["predict"]
    return {
        "keras": lambda x: {k: np.asarray(v) for k, v in model(x, training=False).items()},
        "savedmodel": lambda x: {k: v.numpy() for k, v in loaded(samples=tf.constant(x)).items()},
        "tflite": lambda x: lite(samples=x),
        "onnx": lambda x: dict(zip(names, session.run(None, {session.get_inputs()[0].name: x}), strict=True)),
    }


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Log-mel, MFCC and mask of clips up to 0.8 s."""
    samples = keras.Input((RULE.n_samples,), name="samples")
    log_mel = LogMel(RULE)(samples)
    outputs = {"log_mel": log_mel, "mfcc": Mfcc(RULE)(log_mel), "mask": FrameMask(RULE)(samples)}
    return export_everywhere(keras.Model(samples, outputs), RULE.n_samples, tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def golden() -> Any:
    if not GOLDEN.exists():
        pytest.skip("the golden features are in ../shared/conformance, which is not here")
    return np.load(GOLDEN)


# ---------------------------------------------------------------- features


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("batch", [1, 12])
def test_features_are_librosas(features: dict[str, Run], golden: Any, runtime: str, batch: int) -> None:
    """Each clip with zeros behind it: the frames of the clip are the golden ones, whatever follows."""
    n_clips = len(json.loads(GOLDEN.with_suffix(".json").read_text(encoding="utf-8"))["clips"])
    waves = [golden[f"waveform_{k}"] for k in range(n_clips)]
    for start in range(0, n_clips, batch):
        found = features[runtime](pad_clips(waves[start : start + batch], RULE.n_samples))
        for k in range(min(batch, n_clips - start)):
            for name in ("log_mel", "mfcc"):
                expected = golden[f"{name}_{start + k}"]
                np.testing.assert_allclose(found[name][k, : len(expected)], expected, rtol=0, atol=1e-4)
            real = np.arange(RULE.n_frames) < len(golden[f"log_mel_{start + k}"])
            np.testing.assert_array_equal(found["mask"][k], real.astype("float32"))


def test_mel_filters_are_librosas(golden: Any) -> None:
    np.testing.assert_allclose(mel_filters(RULE), golden["mel_filters"], rtol=0, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050])
def test_features_are_numpys_own(rate: int) -> None:
    """The definition again, by an FFT in float64: for other rates there are no golden values."""
    rule = audio_rule(rate, 0.5, "mfcc")
    wave = clips(1, rule)[0]
    frames = np.stack([wave[k * rule.hop :][: rule.window] for k in range(rule.n_frames)]).astype("float64")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(rule.window) / rule.window)
    power = np.abs(np.fft.rfft(frames * hann, rule.fft)) ** 2
    expected = np.log(power @ mel_filters(rule).T.astype("float64") + 1e-6)
    log_mel = LogMel(rule)(wave[None])
    assert log_mel.shape == (1, rule.n_frames, rule.mels) == LogMel(rule).compute_output_shape((1, rule.n_samples))
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
        n = max(1, 1 + (end - RULE.window) // RULE.hop)
        assert row.tolist() == [1.0] * n + [0.0] * (RULE.n_frames - n)


def test_masks_of_every_length() -> None:
    rule = audio_rule(8000, 0.06)
    whole = np.ones((rule.n_samples, rule.n_samples), "float32") * np.tri(rule.n_samples, dtype="float32")
    found = FrameMask(rule)(whole).numpy().sum(axis=1)
    expected = [max(1, 1 + (n - rule.window) // rule.hop) for n in range(1, rule.n_samples + 1)]
    assert found.tolist() == expected


def test_the_rule_chooses_the_features() -> None:
    samples = keras.Input((8000,))
    assert [t.shape for t in audio_features(samples, audio_rule(8000, 1.0), "a")] == [(None, 98, 40), (None, 98)]
    assert audio_features(samples, audio_rule(8000, 1.0, "mfcc"), "b")[0].shape == (None, 98, 13)


@pytest.mark.parametrize(
    "layer", [LogMel(RULE, True), Mfcc(RULE), Smoothed(RULE), FrameMask(RULE), Disturb(0.5, 1), SpecAugment(3, 4, 5)]
)
def test_layers_are_rebuilt_from_their_configuration(layer: keras.layers.Layer) -> None:
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    assert again.get_config() == layer.get_config()
    assert not layer.trainable_variables


@pytest.mark.parametrize(("shielded", "least", "most"), [(True, 0, 1e-3), (False, 0.5, 30)])
def test_int8_quantisation_leaves_shielded_features_alone(shielded: bool, least: float, most: float) -> None:
    from ai_edge_litert.interpreter import Interpreter

    layer = LogMel(RULE, shielded=shielded)
    call = tf.function(layer, input_signature=[tf.TensorSpec((1, RULE.n_samples), "float32")])
    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()], layer)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    interpreter = Interpreter(model_content=converter.convert(), num_threads=1)
    interpreter.allocate_tensors()
    wave = 0.5 * np.sin(np.arange(RULE.n_samples, dtype="float32") / 3)[None]  # loud in one band, silent in the others
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], wave)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    worst = float(np.abs(found - LogMel(RULE)(wave)).max())
    assert least <= worst <= most


# ---------------------------------------------------------------- tokens


def tokens_model(rule: AudioRule, n_samples: int | None = None) -> keras.Model:
    """Samples -> tokens, their mask and probabilities, random weights and batch statistics."""
    keras.utils.set_random_seed(0)
    samples = keras.Input((n_samples or rule.n_samples,), name="samples")
    log_mel, mask = LogMel(rule)(samples), FrameMask(rule)(samples)
    tokens, mask = audio_tokens(log_mel, mask, rule, 16, 8, "clip")
    mean = keras.ops.sum(tokens, axis=1) / keras.ops.sum(mask, axis=1, keepdims=True)
    model = keras.Model(samples, {"tokens": tokens, "mask": mask, "p": keras.layers.Dense(5, "softmax")(mean)})
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ranges = {"gamma": (0.5, 2), "beta": (-0.5, 0.5), "moving_mean": (-0.5, 0.5), "moving_variance": (0.5, 2)}
            for weight in layer.weights:
                weight.assign(rng.uniform(*ranges[weight.name], weight.shape))
    return model


@pytest.fixture(scope="module", params=["mel", pytest.param("mfcc", marks=pytest.mark.slow)])
def tokens(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    rule = audio_rule(8000, 0.5, request.param)
    return export_everywhere(tokens_model(rule), rule.n_samples, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("runtime", RUNTIMES[1:])
@pytest.mark.parametrize("batch", [1, 4])
def test_tokens_are_keras_own_in_every_format(tokens: dict[str, Run], runtime: str, batch: int) -> None:
    data = clips(12, audio_rule(8000, 0.5))
    data[0] = 0
    for start in range(0, len(data), batch):
        expected = tokens["keras"](data[start : start + batch])
        found = tokens[runtime](data[start : start + batch])
        assert expected["tokens"].shape == (batch, 12, 16)
        assert np.abs(expected["tokens"]).max() > 0.5
        np.testing.assert_array_equal(found["mask"], expected["mask"])
        np.testing.assert_allclose(found["p"], expected["p"], rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["tokens"], expected["tokens"], rtol=0, atol=1e-5)


def test_the_answer_depends_on_the_clip(tokens: dict[str, Run]) -> None:
    """That the comparisons above can fail."""
    p = tokens["keras"](clips(12, audio_rule(8000, 0.5)))["p"]
    assert p.std(axis=0).max() > 1e-3


@pytest.mark.parametrize("kind", ["mel", "mfcc"])
def test_silence_behind_a_clip_changes_nothing(kind: str) -> None:
    """Neither its loudness, nor how long it is: the same weights over more zeros give the same tokens."""
    rule = audio_rule(8000, 0.5, kind)
    data = clips(6, rule)
    short = tokens_model(rule)
    expected = {k: v.numpy() for k, v in short(data, training=False).items()}
    for more in (80, 160, 240, 4000):
        longer = tokens_model(rule, rule.n_samples + more)
        longer.set_weights(short.get_weights())
        found = longer(np.pad(data, [(0, 0), (0, more)]), training=False)
        n = expected["tokens"].shape[1]
        np.testing.assert_array_equal(found["mask"][:, :n], expected["mask"])
        np.testing.assert_allclose(found["tokens"][:, :n], expected["tokens"], rtol=0, atol=1e-5)
        assert not np.asarray(found["tokens"][:, n:]).any()
        np.testing.assert_allclose(found["p"], expected["p"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", ["mel", "mfcc"])
def test_loudness_is_no_feature_pitch_is(kind: str) -> None:
    """Ten times louder is the same clip; two steady tones, which differ in their mean alone, are two."""
    rule = audio_rule(8000, 0.5, kind)
    at = np.arange(rule.n_samples) / rule.rate
    low, high = (np.sin(2 * np.pi * hz * at).astype("float32")[None] for hz in (300, 600))
    noise = np.random.default_rng(0).normal(0, 0.1, low.shape).astype("float32")
    model = tokens_model(rule)
    a, louder, b = (model(0.05 * x, training=False)["tokens"] for x in (low + noise, 10 * (low + noise), high + noise))
    assert np.abs(a - louder).max() < 0.05
    assert np.abs(a - b).max() > 0.3


def test_every_layer_is_named_after_its_column() -> None:
    rule = audio_rule(8000, 0.5, "mfcc")
    log_mel, mask = keras.Input((rule.n_frames, rule.mels)), keras.Input((rule.n_frames,))
    core = keras.Model([log_mel, mask], audio_tokens(log_mel, mask, rule, 16, 8, "clip"))
    ours = [layer.name for layer in core.layers if layer.weights]
    assert ours
    assert all(name.startswith("clip_") for name in ours)


# ---------------------------------------------------------------- training alone


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Log-mel [64, frames, mels] of clips of half the length, and their mask."""
    rule = audio_rule(8000, 1.0)
    data = clips(64, audio_rule(8000, 0.5))
    padded = pad_clips(list(data), rule.n_samples)
    return LogMel(rule)(padded).numpy(), FrameMask(rule)(padded).numpy()


def test_a_prediction_sees_the_clip_as_it_is(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    log_mel, mask = pictures
    same, same_mask = Disturb(1.0)(log_mel, mask, training=False)
    np.testing.assert_array_equal(same, log_mel)
    np.testing.assert_array_equal(same_mask, mask)
    np.testing.assert_array_equal(SpecAugment()(log_mel, training=False), log_mel)
    np.testing.assert_array_equal(Disturb(0.0)(log_mel, mask, training=True)[0], log_mel)
    model = tokens_model(audio_rule(8000, 0.5))
    data = clips(4, audio_rule(8000, 0.5))
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
