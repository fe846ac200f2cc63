"""The layers of a bag of features: pairs, character n-grams, weights, sums."""

from __future__ import annotations

import numpy as np
import pytest
import reference_tokenizer as reference
import tensorflow as tf
from small_bags import RAW, adapted, assert_close, dictionaries, summed

from mmkeras.config.check import LONGEST_CHAR_NGRAM
from mmkeras.modalities.text.bag import FREQUENT, BagEmbedding, ByOrder, Mean, Ngrams, TfIdf
from mmkeras.modalities.text.cells import pad, truncate
from mmkeras.modalities.text.hashing.char_ngrams import CharacterRuns
from mmkeras.modalities.text.hashing.characters import character_table
from mmkeras.modalities.text.hashing.tokenizer import LONGEST, PRIMES, ByteTokenizer


def test_pairs_are_the_references() -> None:
    data = pad([truncate(raw, 200) for raw in (*RAW, *reference.HOSTILE_TEXTS)])
    tokens = ByteTokenizer()(data)
    (h1, h2), used = (x.numpy().astype(int) for x in Ngrams(2)(*tokens))
    n = tokens[1].shape[1]
    assert h1.shape == used.shape == (len(data), 2 * n)
    for i, raw in enumerate(data):
        singles, pairs = reference.features(reference.token_hashes(raw.tobytes()))
        for order, keys in enumerate((singles, pairs)):
            part = slice(order * n, order * n + len(keys))
            is_used = used[i, part] > 0
            assert is_used.tolist() == [key >= 0 for key in keys]
            feature_keys = (h1[i, part] * 4096 + h2[i, part])[is_used]
            assert feature_keys.tolist() == [key for key in keys if key >= 0]
        assert used[i].sum() == len(singles) + max(len(pairs) - 1, 0)
    for a, b in zip(Ngrams(1)(*tokens), tokens, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("mode", ["mixed", "word", "character", "byte"])
def test_runs_are_the_references(mode: str) -> None:
    texts = [truncate(raw, 200) for raw in (*RAW, *reference.HOSTILE_TEXTS)]
    hashes, used = (x.numpy().astype(int) for x in CharacterRuns(mode, 4, character_table(mode))(pad(texts)))
    n = used.shape[1] // 3
    for i, raw in enumerate(texts):
        for kind, keys in enumerate(reference.run_keys(raw, mode, 4)):
            part = slice(kind * n, kind * n + len(keys))
            assert (used[i, part] > 0).tolist() == [key >= 0 for key in keys], raw
            feature_keys = (hashes[0, i, part] * 4096 + hashes[1, i, part])[used[i, part] > 0]
            assert feature_keys.tolist() == [key for key in keys if key >= 0]
            assert not used[i, part.stop : (kind + 1) * n].any()  # none in the padding


def test_runs_stay_exact_at_the_longest_text() -> None:
    assert (LONGEST + 1 + LONGEST_CHAR_NGRAM) * (int(PRIMES.max()) - 1) < 2**24
    runs = CharacterRuns("mixed", LONGEST_CHAR_NGRAM, character_table("mixed"))
    text = ("\uff9c" * (LONGEST // 3)).encode()
    for raw in (text, b"~" * LONGEST, b"z" * LONGEST):
        hashes, used = (x.numpy().astype(int) for x in runs(pad([raw])))
        expected = [key for keys in reference.run_keys(raw, "mixed", LONGEST_CHAR_NGRAM) for key in keys if key >= 0]
        assert (hashes[0] * 4096 + hashes[1])[used > 0].tolist() == expected


def test_words_alike_share_runs_of_characters() -> None:
    def bag(text: str) -> set[int]:
        return set(reference.keys_of(text.encode(), "mixed", 1, 3))

    assert len(bag("happiness") & bag("#Happines")) > 10
    assert not bag("happiness") & bag("bottom")


def test_weights_of_a_long_text_in_runs_are_the_textbooks() -> None:
    """Thousands of features, few of which share a counter."""
    words = [f"{a}{b}{c}" for a in "bdfgk" for b in ("al", "en", "or", "ust") for c in "mnprstz"]
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(words, 400)) for _ in range(30)]
    state, bag = adapted(texts, char_ngrams=8, max_features=30_000)
    rows = {int(key): 1 + k for k, key in enumerate(state.vocabulary.keys)}
    for text, weights in list(zip(texts, dictionaries(bag), strict=True))[:5]:
        numbers = [rows[key] for key in reference.keys_of(text.encode(), "mixed", 2, 8) if key in rows]
        expected = reference.tf_idf(numbers, state.idf.tolist())
        assert weights.keys() == expected.keys()
        assert len(expected) > 2000
        both = np.array([(weights[row], expected[row]) for row in expected])
        cosine = (both[:, 0] @ both[:, 1]) / np.linalg.norm(both[:, 0])
        assert cosine > 0.997, cosine


def test_by_order() -> None:
    rows = tf.reshape(tf.range(24), (3, 8))
    np.testing.assert_array_equal(ByOrder(2)(rows), np.arange(24).reshape(3, 2, 4))
    np.testing.assert_array_equal(ByOrder(1)(rows), np.arange(24).reshape(3, 1, 8))


@pytest.mark.parametrize("size", [50, FREQUENT - 1, 20_000])
def test_tf_idf_is_the_textbooks(size: int) -> None:
    rng = np.random.default_rng(size)
    idf = np.r_[0.0, rng.uniform(1, 12, size)]
    frequent = min(size, FREQUENT - 1)
    rows = rng.integers(0, frequent + 1, (40, 120))
    rows[:, :60] = rng.integers(0, 30, (40, 60))  # so that features repeat
    if size >= FREQUENT:  # rare ones too, each with a counter of its own
        rare = (
            FREQUENT
            + np.stack([rng.permutation(FREQUENT)[:20] for _ in rows])
            + FREQUENT * rng.integers(0, 3, (40, 20))
        )
        rows[:, 100:] = rare
        rows[:, 80:100] = rare  # all twice
    rows[0] = 0
    weights = TfIdf(idf)(tf.constant(rows, tf.float32)).numpy()
    for numbers, row_weights in zip(rows, weights, strict=True):
        assert not reference.counters_collide(numbers.tolist())
        assert_close(summed(numbers, row_weights), reference.tf_idf(numbers.tolist(), idf))


def test_two_rare_features_may_share_a_counter() -> None:
    """As documented: two rare rows that are equal modulo FREQUENT share a counter and count as two each."""
    idf = np.ones(20_001)
    rows = np.array([[5000, 5000 + FREQUENT, 7]])
    bag = summed(rows[0], TfIdf(idf)(tf.constant(rows, tf.float32)).numpy()[0])
    assert reference.counters_collide(rows[0].tolist())
    assert bag[5000] == bag[5000 + FREQUENT]
    assert bag[5000] / bag[7] == pytest.approx(2**-0.5)
    apart = np.array([[7, 7 + FREQUENT, 9 + 2 * FREQUENT]])  # a frequent one never shares its own
    bag = summed(apart[0], TfIdf(idf)(tf.constant(apart, tf.float32)).numpy()[0])
    assert_close(bag, dict.fromkeys(apart[0].tolist(), 3**-0.5))


def test_mean() -> None:
    rows = tf.constant([[3.0, 0, 3, 9], [0, 0, 0, 0], [5, 0, 0, 0]])
    np.testing.assert_allclose(Mean()(rows), np.array([[1, 0, 1, 1], [0, 0, 0, 0], [3, 0, 0, 0]]) / 3)


def test_bag_embedding() -> None:
    layer = BagEmbedding(10, 3, initializer="normal")
    rows, weights = tf.constant([[1, 4, 4, 0], [9, 0, 0, 0]]), tf.constant([[0.5, 1.0, 2.0, 0.0], [-1.0, 0, 0, 0]])
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(rows, weights) * [[1.0, 2.0, 3.0]])
    table = layer.table.numpy()
    np.testing.assert_allclose(layer(rows, weights), [0.5 * table[1] + 3 * table[4], -table[9]], rtol=1e-6)
    gradient = tape.gradient(total, layer.table.value)
    assert isinstance(gradient, tf.IndexedSlices)  # rows that are not in the batch are not touched
    dense = tf.convert_to_tensor(gradient).numpy()
    expected = np.zeros((10, 3))
    expected[[1, 4, 9]] = np.array([[0.5], [3.0], [-1.0]]) * [1, 2, 3]
    np.testing.assert_allclose(dense, expected, rtol=1e-6)
