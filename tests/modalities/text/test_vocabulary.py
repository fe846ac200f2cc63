"""A vocabulary in the graph: every known key has its own row, and no other key has one."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import reference_tokenizer as reference
import tensorflow as tf

from mmkeras.modalities.text.hashing.vocabulary import MOST_ROWS, LookUp, Vocabulary, addresses, build_vocabulary

ALL_KEYS = reference.PRIMES[0] * reference.PRIMES[1]


def as_keys(numbers: np.ndarray) -> np.ndarray:
    """0 ... ALL_KEYS - 1 -> keys that hashes can have."""
    h1, h2 = np.divmod(numbers, reference.PRIMES[1])
    return h1 * 4096 + h2


@functools.cache
def random_keys(n: int, seed: int = 0) -> np.ndarray:
    """N different keys, in random order."""
    rng = np.random.default_rng(seed)
    numbers = rng.permutation(np.unique(rng.integers(0, ALL_KEYS, 2 * n)))[:n]
    return as_keys(numbers)


def rows_of(keys: np.ndarray, vocabulary: Vocabulary, unknown_buckets: int = 0) -> np.ndarray:
    """The layer's row numbers of keys."""
    hashes = tf.constant(np.stack(np.divmod(np.asarray(keys).reshape(1, -1), 4096)), tf.float32)  # [2, 1, n]
    rows = LookUp(vocabulary, unknown_buckets)(hashes, tf.ones(hashes.shape[1:])).numpy()[0]
    assert (rows == rows.astype("int32")).all()
    return rows.astype("int32")


def check(keys: np.ndarray, vocabulary: Vocabulary, asked: np.ndarray) -> None:
    """Keys of the vocabulary have the number of their position in `Vocabulary.keys`; all others have 0."""
    assert vocabulary.size == len(vocabulary.keys)
    np.testing.assert_array_equal(rows_of(vocabulary.keys, vocabulary), 1 + np.arange(vocabulary.size))
    rows = rows_of(asked, vocabulary)
    np.testing.assert_array_equal(rows > 0, np.isin(asked, vocabulary.keys))
    # what was left out does not change the order of the others
    np.testing.assert_array_equal(vocabulary.keys, keys[np.isin(keys, vocabulary.keys)])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 100, 3686, 3687, 20_000])
def test_random_keys(size: int) -> None:
    keys = random_keys(size)
    vocabulary = build_vocabulary(keys)
    assert vocabulary.size >= 0.9999 * size
    check(keys, vocabulary, random_keys(1_000_000 if size > 10_000 else 100_000, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("size", [200_000, MOST_ROWS + 5000])
def test_many_keys_against_all_there_are(size: int) -> None:
    keys = random_keys(size)
    vocabulary = build_vocabulary(keys)
    assert vocabulary.cells.max() < 2**24
    assert 0.999 * min(size, MOST_ROWS) <= vocabulary.size <= MOST_ROWS
    for part in np.array_split(as_keys(np.arange(ALL_KEYS)), 16):
        rows = rows_of(part, vocabulary)
        known = np.flatnonzero(rows)
        np.testing.assert_array_equal(vocabulary.keys[rows[known] - 1], part[known])
    check(keys, vocabulary, random_keys(1000, seed=2))


def test_the_first_keys_are_the_ones_taken() -> None:
    keys = random_keys(MOST_ROWS + 10)
    vocabulary = build_vocabulary(keys)
    assert vocabulary.size <= MOST_ROWS
    assert not np.isin(keys[MOST_ROWS:], vocabulary.keys).any()


def test_keys_at_the_edges() -> None:
    edges = [(0, 0), (0, 1), (1, 0), (0, 3988), (4078, 0), (4078, 3988), (4078, 3987), (4077, 3988)]
    keys = np.array([reference.key(edge) for edge in edges])
    for extra in (0, 5000):  # with these, each table has two cells for a hash
        others = np.setdiff1d(random_keys(extra), keys)
        vocabulary = build_vocabulary(np.r_[keys, others])
        assert np.isin(keys, vocabulary.keys).all()
        check(np.r_[keys, others], vocabulary, random_keys(10_000, seed=3))


def test_keys_that_share_all_their_cells() -> None:
    """Two cells in A and three in B for six keys: one is left out, and `keys` has the others."""
    keys = np.array([reference.key((h1, h2)) for h1 in (7, 8) for h2 in (3, 4, 5)])
    cells, _ = addresses(keys, 0)
    assert [len(set(table)) for table in cells.tolist()] == [2, 3]
    vocabulary = build_vocabulary(keys)
    assert vocabulary.size == 5
    check(keys, vocabulary, random_keys(100_000))


def test_keys_of_which_most_have_to_go() -> None:
    keys = np.array([reference.key((h1, h2)) for h1 in range(20, 30) for h2 in range(100, 110)])
    vocabulary = build_vocabulary(keys)
    assert 0 < vocabulary.size <= 20
    check(keys, vocabulary, keys)


def test_displaced_keys_are_still_found() -> None:
    """Keys of one row of A, each with a cell of its own in B."""
    keys = np.array([reference.key((5, h2)) for h2 in range(300)])
    vocabulary = build_vocabulary(keys)
    assert vocabulary.size == 300
    check(keys, vocabulary, random_keys(100_000))


@pytest.mark.parametrize("buckets", [1, 2, 64, 256])
def test_unknown_buckets(buckets: int) -> None:
    vocabulary = build_vocabulary(random_keys(3000))
    asked = np.r_[vocabulary.keys, random_keys(20_000, seed=4)]
    rows = {int(key): 1 + k for k, key in enumerate(vocabulary.keys)}
    expected = reference.row_numbers(asked.tolist(), rows, buckets)
    np.testing.assert_array_equal(rows_of(asked, vocabulary, buckets), expected)
    assert min(expected) == 1
    assert max(expected) == buckets + vocabulary.size


def test_unused_places_have_no_row() -> None:
    vocabulary = build_vocabulary(np.array([0, *random_keys(10)[:9]]))  # key 0: what the hashes of no token are
    used = tf.constant([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    zeros = tf.zeros((2, 2, 3))
    np.testing.assert_array_equal(LookUp(vocabulary)(zeros, used), [[0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(LookUp(vocabulary, 4)(zeros, used), [[0, 5, 0], [5, 0, 0]])
    nothing = build_vocabulary(np.array([], "int64"))
    np.testing.assert_array_equal(LookUp(nothing)(zeros, used), np.zeros((2, 3)))
    np.testing.assert_array_equal(LookUp(nothing, 4)(zeros, used), [[0, 1, 0], [1, 0, 0]])


def test_the_same_keys_make_the_same_tables() -> None:
    keys = random_keys(30_000)
    one, other = build_vocabulary(keys), build_vocabulary(keys)
    np.testing.assert_array_equal(one.cells, other.cells)
    np.testing.assert_array_equal(one.keys, other.keys)
