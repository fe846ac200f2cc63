"""Bags of features: pairs, weights, sums, and the way from a column of cells to features on disk."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_tokenizer as reference
import scipy.sparse
import tensorflow as tf
from conftest import make_state
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize

from mmkeras.config.check import LONGEST_RUN
from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.bag import FREQUENT, BagEmbedding, ByOrder, Mean, Ngrams, TfIdf
from mmkeras.modalities.text.cells import cut, pad
from mmkeras.modalities.text.column import learn_text
from mmkeras.modalities.text.features import (
    BATCH_BYTES,
    BATCH_TEXTS,
    TextLayers,
    TextRule,
    TextState,
    adapt,
    bags,
    hash_texts,
    length_batches,
    load_state,
    new_table,
    save_state,
)
from mmkeras.modalities.text.hashing.char_ngrams import CharacterRuns
from mmkeras.modalities.text.hashing.characters import character_table
from mmkeras.modalities.text.hashing.tokenizer import LONGEST, PRIMES, ByteTokenizer

CORPUS = [
    "The cat sat on the mat. The cat sat!",
    "A dog sat on the log; the dog barked, barked and barked again.",
    "中文和英文 the cat 中文中文",
    "don't stop the cat, don't",
    "😀😀 mat 😀",
    "the the the the the the the the",
    "",
    "!!!",
    "a dog and a cat and a mat and a log",
]
RAW = [text.encode() for text in CORPUS]


def adapted(texts: Sequence[str | bytes], **rule: Any) -> tuple[TextState, Ragged]:
    """The state learned from some texts, and their bags."""
    text_rule = TextRule(**rule)
    table = new_table(text_rule)
    hashed = hash_texts(texts, text_rule, table)
    state = adapt(hashed, text_rule, table)
    return state, bags(hashed, TextLayers(state, "x"))


def dictionaries(rows: Ragged) -> list[dict[int, float]]:
    """Each row as row number -> weight."""
    ends = zip(rows.starts[:-1], rows.starts[1:], strict=True)
    numbers, weights = rows.columns
    return [dict(zip(numbers[a:b].tolist(), weights[a:b].tolist(), strict=True)) for a, b in ends]


def summed(rows: np.ndarray, weights: np.ndarray) -> dict[int, float]:
    """Padded row numbers and weights of one text -> row number -> sum of weights."""
    result: dict[int, float] = {}
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        result[row] = result.get(row, 0.0) + weight
    assert result.pop(0, 0.0) == 0.0  # what is no feature has no weight
    return result


def assert_close(found: dict[int, float], expected: dict[int, float], tolerance: float = 1e-5) -> None:
    assert found.keys() == expected.keys()
    for row, weight in expected.items():
        assert math.isclose(found[row], weight, abs_tol=tolerance), (row, found[row], weight)


# ---------------------------------------------------------------- the layers


def test_pairs_are_the_references() -> None:
    data = pad([cut(raw, 200) for raw in (*RAW, *reference.HOSTILE_TEXTS)])
    tokens = ByteTokenizer()(data)
    (h1, h2), used = (x.numpy().astype(int) for x in Ngrams(2)(*tokens))
    n = tokens[1].shape[1]
    assert h1.shape == used.shape == (len(data), 2 * n)
    for i, raw in enumerate(data):
        singles, pairs = reference.features(reference.token_hashes(raw.tobytes()))
        for order, keys in enumerate((singles, pairs)):
            part = slice(order * n, order * n + len(keys))
            there = used[i, part] > 0
            assert there.tolist() == [key >= 0 for key in keys]
            found = (h1[i, part] * 4096 + h2[i, part])[there]
            assert found.tolist() == [key for key in keys if key >= 0]
        assert used[i].sum() == len(singles) + max(len(pairs) - 1, 0)
    for a, b in zip(Ngrams(1)(*tokens), tokens, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("mode", ["mixed", "word", "character", "byte"])
def test_runs_are_the_references(mode: str) -> None:
    texts = [cut(raw, 200) for raw in (*RAW, *reference.HOSTILE_TEXTS)]
    hashes, used = (x.numpy().astype(int) for x in CharacterRuns(mode, 4, character_table(mode))(pad(texts)))
    n = used.shape[1] // 3
    for i, raw in enumerate(texts):
        for kind, keys in enumerate(reference.run_keys(raw, mode, 4)):
            part = slice(kind * n, kind * n + len(keys))
            assert (used[i, part] > 0).tolist() == [key >= 0 for key in keys], raw
            found = (hashes[0, i, part] * 4096 + hashes[1, i, part])[used[i, part] > 0]
            assert found.tolist() == [key for key in keys if key >= 0]
            assert not used[i, part.stop : (kind + 1) * n].any()  # none in the padding


def test_runs_stay_exact_at_the_longest_text() -> None:
    assert (LONGEST + 1 + LONGEST_RUN) * (int(PRIMES.max()) - 1) < 2**24
    runs = CharacterRuns("mixed", LONGEST_RUN, character_table("mixed"))
    text = ("\uff9c" * (LONGEST // 3)).encode()
    for raw in (text, b"~" * LONGEST, b"z" * LONGEST):
        hashes, used = (x.numpy().astype(int) for x in runs(pad([raw])))
        expected = [key for keys in reference.run_keys(raw, "mixed", LONGEST_RUN) for key in keys if key >= 0]
        assert (hashes[0] * 4096 + hashes[1])[used > 0].tolist() == expected


def test_words_alike_share_runs_of_characters() -> None:
    def bag(text: str) -> set[int]:
        return set(reference.keys_of(text.encode(), "mixed", 1, 3))

    assert len(bag("happiness") & bag("#Happines")) > 10
    assert not bag("happiness") & bag("bottom")


def test_weights_of_a_long_text_in_runs_are_the_textbooks() -> None:
    """Thousands of features of which few meet in a counter."""
    words = [f"{a}{b}{c}" for a in "bdfgk" for b in ("al", "en", "or", "ust") for c in "mnprstz"]
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(words, 400)) for _ in range(30)]
    state, found = adapted(texts, char_ngrams=8, max_features=30_000)
    rows = {int(key): 1 + k for k, key in enumerate(state.vocabulary.keys)}
    for text, weights in list(zip(texts, dictionaries(found), strict=True))[:5]:
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
    for numbers, found in zip(rows, weights, strict=True):
        assert not reference.counters_collide(numbers.tolist())
        assert_close(summed(numbers, found), reference.tf_idf(numbers.tolist(), idf))


def test_two_rare_features_may_share_a_counter() -> None:
    """What the layer's description admits: rows alike modulo FREQUENT, both rare, count as two of each."""
    idf = np.ones(20_001)
    rows = np.array([[5000, 5000 + FREQUENT, 7]])
    found = summed(rows[0], TfIdf(idf)(tf.constant(rows, tf.float32)).numpy()[0])
    assert reference.counters_collide(rows[0].tolist())
    assert found[5000] == found[5000 + FREQUENT]
    assert found[5000] / found[7] == pytest.approx(2**-0.5)
    apart = np.array([[7, 7 + FREQUENT, 9 + 2 * FREQUENT]])  # a frequent one never shares its own
    found = summed(apart[0], TfIdf(idf)(tf.constant(apart, tf.float32)).numpy()[0])
    assert_close(found, dict.fromkeys(apart[0].tolist(), 3**-0.5))


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


# ---------------------------------------------------------------- from cells to bags


@pytest.mark.parametrize(
    ("orders", "min_rows", "mode"),
    [(1, 1, "mixed"), (2, 2, "mixed"), pytest.param(2, 1, "character", marks=pytest.mark.slow)],
)
def test_bags_are_scikit_learns_tf_idf(orders: int, min_rows: int, mode: str) -> None:
    def analyze(text: str) -> list[str]:
        tokens = reference.tokens(text.encode(), mode)
        return [*tokens, *map(" ".join, itertools.pairwise(tokens))][: None if orders == 2 else len(tokens)]

    peer = CountVectorizer(analyzer=analyze, min_df=min_rows)
    counts = peer.fit_transform(CORPUS)
    idf = TfidfTransformer().fit(counts).idf_
    expected = normalize(counts.sqrt() @ scipy.sparse.diags(idf)).tocsr()
    state, found = adapted(CORPUS, orders=orders, min_rows=min_rows, mode=mode)
    assert state.vocabulary.size == len(peer.vocabulary_)  # no hashes collide here
    rows = {int(key): 1 + k for k, key in enumerate(state.vocabulary.keys)}
    column_to_row = {}
    for feature, column in peer.vocabulary_.items():
        hashes = [reference.token_hash(token) for token in feature.split(" ")]
        column_to_row[column] = rows[reference.key(hashes[0] if len(hashes) == 1 else reference.pair_hash(*hashes))]
        assert state.idf[column_to_row[column]] == pytest.approx(idf[column], abs=1e-5)
    for i, weights in enumerate(dictionaries(found)):
        row = expected[i]
        wanted = {column_to_row[c]: w for c, w in zip(row.indices.tolist(), row.data.tolist(), strict=True)}
        assert_close(weights, wanted)


@pytest.mark.parametrize(
    "rule",
    [
        {"orders": 2},
        {"orders": 1, "weighting": "mean", "unknown_buckets": 256},
        {"orders": 2, "char_ngrams": 3},
        pytest.param({"orders": 2, "mode": "word", "weighting": "mean"}, marks=pytest.mark.slow),
        pytest.param({"orders": 2, "mode": "character", "max_tokens": 9}, marks=pytest.mark.slow),
        pytest.param({"orders": 2, "mode": "byte", "max_bytes": 33}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_bags_are_what_the_graph_computes(rule: dict[str, Any]) -> None:
    texts = [*RAW, *reference.HOSTILE_TEXTS]
    state, found = adapted(texts, min_rows=1 if "unknown_buckets" not in rule else 3, **rule)
    layers = TextLayers(state, "again")
    graph = tf.function(lambda data: layers(data), input_signature=[tf.TensorSpec((None, None), tf.uint8)])
    rows, expected = (x.numpy() for x in graph(pad([cut(raw, state.rule.max_bytes) for raw in texts])))
    assert rows.dtype == np.int32
    assert rows.max() < state.n_rows
    for i, weights in enumerate(dictionaries(found)):
        assert_close(weights, summed(rows[i], expected[i]), 1e-6)


def test_hashing_does_not_depend_on_the_batches() -> None:
    texts = [*RAW, *reference.HOSTILE_TEXTS]
    rule = TextRule(max_bytes=500)
    table = new_table(rule)
    whole = hash_texts(texts, rule, table)
    assert whole.cut == sum(len(text) > 500 for text in texts) > 5
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = hash_texts([texts[i] for i in order], rule, table).keys.take(np.argsort(order))
    np.testing.assert_array_equal(shuffled.starts, whole.keys.starts)
    np.testing.assert_array_equal(shuffled.columns[0], whole.keys.columns[0])
    ends = zip(whole.keys.starts[:-1], whole.keys.starts[1:], strict=True)
    for text, (a, b) in zip(texts, ends, strict=True):
        assert whole.keys.columns[0][a:b].tolist() == reference.keys_of(cut(text, 500))


@pytest.mark.parametrize("texts", [[], ["", "!!"]])
def test_columns_with_nothing_in_them(texts: list[str]) -> None:
    state, found = adapted(texts)
    assert state.vocabulary.size == 0
    assert len(found) == len(texts)
    assert found.lengths.sum() == 0


def test_length_batches() -> None:
    rng = np.random.default_rng(0)
    lengths = np.r_[rng.integers(0, 5000, 3000), 2 * BATCH_BYTES, np.zeros(2000, int)]
    batches = list(length_batches(lengths))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) <= BATCH_TEXTS
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= BATCH_BYTES
    assert len(batches) < 60  # and they are not needlessly small


# ---------------------------------------------------------------- what is learned from the training rows


def test_adapt_chooses_the_features_of_most_rows() -> None:
    texts = ["a a a a b", "a b c", "a b", "c d", "d"]
    by_rows = {"a": 3, "b": 3, "c": 2, "d": 2}

    table = new_table(TextRule())
    hashed = hash_texts(texts, TextRule(orders=1), table)

    def learned(**limits: int) -> dict[str, float]:
        state = adapt(hashed, TextRule(orders=1, **limits), table)
        names = {reference.key(reference.token_hash(token)): token for token in by_rows}
        assert state.idf[0] == 0.0
        assert state.idf.dtype == np.float32
        return {
            names[key]: idf for key, idf in zip(state.vocabulary.keys.tolist(), state.idf[1:].tolist(), strict=True)
        }

    assert learned(min_rows=1) == pytest.approx({t: math.log(6 / (1 + n)) + 1 for t, n in by_rows.items()})
    assert list(learned(min_rows=2)) == ["a", "b", "c", "d"]
    assert list(learned(min_rows=3)) == ["a", "b"]  # rows count, not occurrences
    assert learned(min_rows=4) == {}
    assert list(learned(min_rows=1, max_features=1)) == ["a"]
    assert list(learned(min_rows=1, max_features=3)) == ["a", "b", "c"]
    assert learned(max_features=0) == {}


@pytest.mark.parametrize("rule", [TextRule(), TextRule("byte", 1, "mean", unknown_buckets=64)], ids=str)
def test_state_survives_the_disk(rule: TextRule, tmp_path: Path) -> None:
    state, _ = adapted(CORPUS, **dataclasses.asdict(rule))
    save_state(state, tmp_path / "x.npz")
    again = load_state(tmp_path / "x.npz", rule)
    assert again.rule == rule
    assert again.n_rows == state.n_rows
    assert again.vocabulary.bits == state.vocabulary.bits
    for a, b in (
        (state.table, again.table),
        (state.idf, again.idf),
        (state.vocabulary.cells, again.vocabulary.cells),
        (state.vocabulary.keys, again.vocabulary.keys),
    ):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    data = pad(RAW)
    for a, b in zip(TextLayers(state, "a")(data), TextLayers(again, "b")(data), strict=True):
        np.testing.assert_array_equal(a, b)


def test_features_on_disk_are_the_bags(tmp_path: Path) -> None:
    cells = {"train": CORPUS * 2, "validation": ["the unknown cat", "", "dog dog"]}
    rule = TextRule(max_bytes=30)
    column, sides = learn_text("title", cells, rule, tmp_path)
    assert column.cut == pytest.approx(np.mean([len(text.encode()) > 30 for text in CORPUS]))
    hashed = hash_texts(cells["validation"], rule, column.state.table)
    expected = bags(hashed, TextLayers(column.state, "y"))
    assert dictionaries(sides["validation"].ragged) == dictionaries(expected)
    assert (len(sides["train"].ragged), len(sides["validation"].ragged)) == (18, 3)
    # the, cat; -; dog: by the training rows' vocabulary alone
    assert sides["validation"].lengths.tolist() == [2, 0, 1]


def test_sequences_on_disk_keep_the_order(tmp_path: Path) -> None:
    cells = {"train": CORPUS * 2, "validation": ["the unknown cat", "", "dog dog the cat"]}
    rule = TextRule(max_bytes=30, orders=1, weighting="mean", unknown_buckets=4)
    column, sides = learn_text("title", cells, rule, tmp_path, "transformer", max_tokens=3)
    assert sides["validation"].lengths.tolist() == [3, 0, 3]
    first, _, last = sides["validation"].ragged.padded()[0].tolist()
    rows = np.asarray(TextLayers(column.state, "y")(pad([b"the unknown cat", b"dog dog the"]))[0])
    assert [first, last] == rows[:, :3].tolist()
    assert 1 <= first[1] <= 4  # an unknown word has a bucket


@pytest.mark.slow
def test_features_of_a_column_where_nothing_is_known(tmp_path: Path) -> None:
    cells = {"train": ["one", "two", "three"], "validation": ["four"]}
    _, sides = learn_text("title", cells, TextRule(), tmp_path)
    assert sides["train"].ragged.padded()[0].tolist() == [[0], [0], [0]]
    assert sides["validation"].lengths.tolist() == [0]


# ---------------------------------------------------------------- memory


def tensors(function: Any) -> list[tuple[str, int]]:
    """Name and size of every tensor that a traced function computes from its inputs."""
    graph = function.graph
    assert not [op.name for op in graph.get_operations() if "PartitionedCall" in op.type]  # nothing is hidden
    computed: list[tuple[str, int]] = []
    alive = {t.ref() for t in graph.inputs}
    for op in graph.get_operations():
        if not any(t.ref() in alive for t in op.inputs):
            continue
        for output in op.outputs:
            if output.dtype == tf.resource:
                continue
            alive.add(output.ref())
            computed.append((f"{op.name}:{op.type}", output.shape.num_elements()))
    return computed


@pytest.mark.parametrize(
    ("mode", "weighting"), [("mixed", "tfidf"), pytest.param("character", "mean", marks=pytest.mark.slow)]
)
def test_memory_grows_with_the_bytes_alone(mode: str, weighting: str) -> None:
    """No tensor of tokens x bytes (or x features): the largest is a few times as long as the text."""
    state = make_state(RAW, mode=mode, weighting=weighting, max_tokens=4096)
    layers = TextLayers(state, f"{mode}_{weighting}")

    def traced(batch: int, n_bytes: int) -> list[tuple[str, int]]:
        spec = tf.TensorSpec((batch, n_bytes), tf.uint8)
        return tensors(tf.function(lambda data: layers(data), input_signature=[spec]).get_concrete_function())

    counters = 2 * FREQUENT
    measured = {(batch, n_bytes): traced(batch, n_bytes) for batch, n_bytes in ((1, 4096), (1, 1024), (3, 512))}
    for (batch, n_bytes), found in measured.items():
        assert len(found) > 100
        assert None not in [size for _, size in found]
        largest = max(found, key=lambda x: x[1])
        assert largest[1] <= batch * max(5 * (n_bytes + 6), counters), largest  # the five kinds of a byte
    short, long = (sum(size for _, size in measured[1, n]) for n in (1024, 4096))
    assert long < 4.1 * short
