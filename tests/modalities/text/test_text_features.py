"""From a column of cells to bags: the adapted state, the features on disk, the memory they take."""

from __future__ import annotations

import dataclasses
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_tokenizer as reference
import scipy.sparse
import tensorflow as tf
from parity import make_state
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.preprocessing import normalize
from small_bags import CORPUS, RAW, adapt_state, adapted, assert_close, bags, dictionaries, summed

from mmkeras.modalities.text.bag import FREQUENT
from mmkeras.modalities.text.cells import pad, truncate
from mmkeras.modalities.text.column import adapt_text
from mmkeras.modalities.text.features import (
    BATCH_BYTES,
    BATCH_TEXTS,
    TextLayers,
    TextSpec,
    hash_texts,
    length_batches,
    load_state,
    new_table,
    save_state,
)

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
    state, bags_of_texts = adapted(CORPUS, orders=orders, min_rows=min_rows, mode=mode)
    assert state.vocabulary.size == len(peer.vocabulary_)  # no hashes collide here
    rows = {int(key): 1 + k for k, key in enumerate(state.vocabulary.keys)}
    column_to_row = {}
    for feature, column in peer.vocabulary_.items():
        hashes = [reference.token_hash(token) for token in feature.split(" ")]
        column_to_row[column] = rows[reference.key(hashes[0] if len(hashes) == 1 else reference.pair_hash(*hashes))]
        assert state.idf[column_to_row[column]] == pytest.approx(idf[column], abs=1e-5)
    for i, weights in enumerate(dictionaries(bags_of_texts)):
        row = expected[i]
        expected_weights = {column_to_row[c]: w for c, w in zip(row.indices.tolist(), row.data.tolist(), strict=True)}
        assert_close(weights, expected_weights)


@pytest.mark.parametrize(
    "spec",
    [
        {"orders": 2},
        {"orders": 1, "weighting": "mean", "unknown_buckets": 256},
        {"orders": 2, "char_ngrams": 3},
        {"orders": 2, "char_ngrams": 3, "version": 2},
        pytest.param({"orders": 2, "mode": "word", "weighting": "mean"}, marks=pytest.mark.slow),
        pytest.param({"orders": 2, "mode": "character", "max_tokens": 9}, marks=pytest.mark.slow),
        pytest.param({"orders": 2, "mode": "byte", "max_bytes": 33}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_bags_are_what_the_graph_computes(spec: dict[str, Any]) -> None:
    texts = [*RAW, *reference.HOSTILE_TEXTS]
    state, bags_of_texts = adapted(texts, min_rows=1 if "unknown_buckets" not in spec else 3, **spec)
    layers = TextLayers(state, "again")
    graph = tf.function(lambda data: layers(data), input_signature=[tf.TensorSpec((None, None), tf.uint8)])
    rows, expected = (x.numpy() for x in graph(pad([truncate(raw, state.spec.max_bytes) for raw in texts])))
    assert rows.dtype == np.int32
    assert rows.max() < state.n_rows
    for i, weights in enumerate(dictionaries(bags_of_texts)):
        assert_close(weights, summed(rows[i], expected[i]), 1e-6)


def test_hashing_does_not_depend_on_the_batches() -> None:
    texts = [*RAW, *reference.HOSTILE_TEXTS]
    spec = TextSpec(max_bytes=500)
    table = new_table(spec)
    whole = hash_texts(texts, spec, table)
    assert whole.n_truncated == sum(len(text) > 500 for text in texts) > 5
    order = np.random.default_rng(0).permutation(len(texts))
    shuffled = hash_texts([texts[i] for i in order], spec, table).keys.take(np.argsort(order))
    np.testing.assert_array_equal(shuffled.starts, whole.keys.starts)
    np.testing.assert_array_equal(shuffled.columns[0], whole.keys.columns[0])
    ends = zip(whole.keys.starts[:-1], whole.keys.starts[1:], strict=True)
    for text, (a, b) in zip(texts, ends, strict=True):
        assert whole.keys.columns[0][a:b].tolist() == reference.keys_of(truncate(text, 500))


@pytest.mark.parametrize("texts", [[], ["", "!!"]])
def test_columns_with_nothing_in_them(texts: list[str]) -> None:
    state, bags_of_texts = adapted(texts)
    assert state.vocabulary.size == 0
    assert len(bags_of_texts) == len(texts)
    assert bags_of_texts.lengths.sum() == 0


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

    table = new_table(TextSpec())
    hashed = hash_texts(texts, TextSpec(orders=1), table)

    def learned(**limits: int) -> dict[str, float]:
        state = adapt_state(hashed, TextSpec(orders=1, **limits), table)
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


@pytest.mark.parametrize("spec", [TextSpec(), TextSpec("byte", 1, "mean", unknown_buckets=64)], ids=str)
def test_state_survives_the_disk(spec: TextSpec, tmp_path: Path) -> None:
    state, _ = adapted(CORPUS, **dataclasses.asdict(spec))
    save_state(state, tmp_path / "x.npz")
    again = load_state(tmp_path / "x.npz", spec)
    assert again.spec == spec
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
    spec = TextSpec(max_bytes=30)
    column, features = adapt_text("title", cells, spec, tmp_path)
    assert column.cut == pytest.approx(np.mean([len(text.encode()) > 30 for text in CORPUS]))
    hashed = hash_texts(cells["validation"], spec, column.state.table)
    expected = bags(hashed, TextLayers(column.state, "y"))
    assert dictionaries(features["validation"].ragged) == dictionaries(expected)
    assert (len(features["train"].ragged), len(features["validation"].ragged)) == (18, 3)
    # the, cat; -; dog: by the training rows' vocabulary alone
    assert features["validation"].lengths.tolist() == [2, 0, 1]


def test_sequences_on_disk_keep_the_order(tmp_path: Path) -> None:
    cells = {"train": CORPUS * 2, "validation": ["the unknown cat", "", "dog dog the cat"]}
    spec = TextSpec(max_bytes=30, orders=1, weighting="mean", unknown_buckets=4)
    column, features = adapt_text("title", cells, spec, tmp_path, "transformer", max_tokens=3)
    assert features["validation"].lengths.tolist() == [3, 0, 3]
    first, _, last = features["validation"].ragged.padded()[0].tolist()
    rows = np.asarray(TextLayers(column.state, "y")(pad([b"the unknown cat", b"dog dog the"]))[0])
    assert [first, last] == rows[:, :3].tolist()
    assert 1 <= first[1] <= 4  # an unknown word has a bucket


@pytest.mark.slow
def test_features_of_a_column_where_nothing_is_known(tmp_path: Path) -> None:
    cells = {"train": ["one", "two", "three"], "validation": ["four"]}
    _, features = adapt_text("title", cells, TextSpec(), tmp_path)
    assert features["train"].ragged.padded()[0].tolist() == [[0], [0], [0]]
    assert features["validation"].lengths.tolist() == [0]


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

    def as_function(batch: int, n_bytes: int) -> list[tuple[str, int]]:
        spec = tf.TensorSpec((batch, n_bytes), tf.uint8)
        return tensors(tf.function(lambda data: layers(data), input_signature=[spec]).get_concrete_function())

    counters = 2 * FREQUENT
    measured = {(batch, n_bytes): as_function(batch, n_bytes) for batch, n_bytes in ((1, 4096), (1, 1024), (3, 512))}
    for (batch, n_bytes), bags_of_texts in measured.items():
        assert len(bags_of_texts) > 100
        assert None not in [size for _, size in bags_of_texts]
        largest = max(bags_of_texts, key=lambda x: x[1])
        assert largest[1] <= batch * max(5 * (n_bytes + 6), counters), largest  # the five kinds of a byte
    short, long = (sum(size for _, size in measured[1, n]) for n in (1024, 4096))
    assert long < 4.1 * short
