"""Text as a sequence: the effect of padding and order, and the same answers in all formats."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from parity import runners, shaken

from mmkeras.modalities.encoded import MaskedMean
from mmkeras.modalities.text.sequence import BothWays, SequenceIds, encode_gru, encode_transformer

N_ROWS, MAX_TOKENS = 50, 12
ENCODERS = ("transformer", "gru", "looped gru")


def classifier(encoder: str, n: int | None = None, shake: bool = True) -> keras.Model:
    """Row numbers [b, n] -> four probabilities; equal encoders have equal weights."""
    keras.utils.set_random_seed(1)
    rows = keras.Input((n,), dtype="int32", name="rows")
    ids = SequenceIds(MAX_TOKENS)(rows)
    if encoder == "transformer":
        encoded = encode_transformer(ids, N_ROWS, 8, 2, 2, 0.1, MAX_TOKENS, "text")
    else:
        encoded = encode_gru(ids, N_ROWS, 8, 0.1, MAX_TOKENS, encoder == "looped gru", "text")
    mean = MaskedMean()(encoded.tokens, encoded.mask)
    model = keras.Model({"rows": rows}, {"p": keras.layers.Dense(4, activation="softmax")(mean)})
    return shaken(model) if shake else model


def rows(batch: int, n: int) -> dict[str, np.ndarray]:
    """The first text is as long as can be, the others are of any length."""
    rng = np.random.default_rng(batch * 100 + n)
    lengths = np.r_[n, rng.integers(1, n + 1, batch - 1)]
    return {"rows": np.where(np.arange(n) < lengths[:, None], rng.integers(1, N_ROWS, (batch, n)), 0).astype("int32")}


def test_ids_are_cut_and_whole() -> None:
    layer = SequenceIds.from_config(SequenceIds(3).get_config())
    data = np.array([[5, 2, 9, 7], [1, 0, 0, 0]], "float32")
    ids = layer(data)
    assert ids.dtype == "int32"
    np.testing.assert_array_equal(ids, [[5, 2, 9], [1, 0, 0]])
    assert [layer(keras.Input((n,), dtype="float32")).shape for n in (None, 2, 4)] == [
        (None, None),
        (None, 2),
        (None, 3),
    ]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_padding_changes_nothing_and_order_does(encoder: str) -> None:
    model = classifier(encoder)
    together = rows(4, MAX_TOKENS)
    answers = np.asarray(model(together)["p"])
    for row, answer in zip(together["rows"], answers, strict=True):
        alone = row[None, : max(2, np.count_nonzero(row))]  # of one token Keras warns, for a softmax over it is 1
        np.testing.assert_allclose(model({"rows": alone})["p"][0], answer, atol=1e-6)
    back = {"rows": together["rows"][:1, ::-1]}
    assert np.abs(np.asarray(model(back)["p"]) - answers[:1]).max() > 1e-3
    longer = {"rows": np.pad(together["rows"], [[0, 0], [0, 5]], constant_values=7)}  # what is behind max_tokens is cut
    np.testing.assert_allclose(model(longer)["p"], answers, atol=1e-6)
    assert np.isfinite(model({"rows": np.zeros((1, 3), "int32")})["p"]).all()


@pytest.mark.slow
def test_a_gru_learns_which_of_two_words_comes_first() -> None:
    model = classifier("gru", shake=False)
    data, labels = np.repeat([[1, 2, 0], [2, 1, 0]], 8, axis=0).astype("int32"), np.repeat([0, 1], 8)
    model.compile(keras.optimizers.Adam(0.02), {"p": "sparse_categorical_crossentropy"})
    history = model.fit({"rows": data}, {"p": labels}, epochs=30, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]


def test_the_looped_gru_takes_the_trained_one_s_weights(tmp_path: Path) -> None:
    trained, looped = classifier("gru"), classifier("looped gru")
    for variable in trained.variables:
        variable.assign(variable * 1.3)
    trained.save(tmp_path / "core.keras")
    looped.load_weights(tmp_path / "core.keras")
    for n in (1, MAX_TOKENS):
        inputs = rows(4, n)
        np.testing.assert_allclose(looped(inputs)["p"], trained(inputs)["p"], atol=1e-6)
    looped.set_weights(classifier("gru").get_weights())
    np.testing.assert_allclose(looped(rows(3, 5))["p"], classifier("gru")(rows(3, 5))["p"], atol=1e-6)
    layer = looped.get_layer("text_gru")
    assert BothWays.from_config(layer.get_config()).looped


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_length_that_is_known_changes_nothing(encoder: str) -> None:
    np.testing.assert_allclose(classifier(encoder, 9)(rows(2, 9))["p"], classifier(encoder)(rows(2, 9))["p"], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["transformer", "looped gru"])
def test_three_formats_answer_alike(encoder: str) -> None:
    model = classifier(encoder)
    for name, run in runners(model).items():
        cases = [rows(batch, n) for batch in (1, 4) for n in (2, 7, MAX_TOKENS + 3)]
        difference = max(np.abs(run(inputs)["p"] - np.asarray(model(inputs)["p"])).max() for inputs in cases)
        assert difference < 1e-5, name
        print(f"{encoder}, {name}: {difference:.1e}")
