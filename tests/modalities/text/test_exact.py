"""Arithmetic of whole numbers in floats: exact, or refused."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from mmkeras.modalities.text import exact
from mmkeras.modalities.text.hashing import tokenizer

PRIMES = tuple(tokenizer.PRIMES.ravel().astype(int).tolist())


@pytest.mark.parametrize("prime", PRIMES)
def test_modulo_is_right_for_every_integer(prime: int) -> None:
    assert exact.modulo_is_exact(prime)
    for start in range(0, 2**24, 2**21):
        numbers = np.arange(start, start + 2**21)
        result = exact.modulo(tf.constant(numbers, tf.float32), np.float32(prime)).numpy()
        np.testing.assert_array_equal(result, numbers % prime)


def test_modulo_is_exact_refuses_most_primes() -> None:
    assert not exact.modulo_is_exact(4093)


@pytest.mark.parametrize("low", [1, 2, 64, 4096, 2**23])
def test_split_number(low: int) -> None:
    numbers = np.unique(np.r_[np.arange(10_000), np.random.default_rng(0).integers(0, 2**24, 100_000), 2**24 - 1])
    high, rest = (x.numpy() for x in exact.split_number(tf.constant(numbers, tf.float32), low))
    np.testing.assert_array_equal(high, numbers // low)
    np.testing.assert_array_equal(rest, numbers % low)


def test_comparisons_are_zero_or_one() -> None:
    x = np.r_[np.arange(-3, 300), 2**24 - 1].astype("float32")
    for k in (0, 1, 128, 255, 2**23):
        np.testing.assert_array_equal(exact.at_least(tf.constant(x), k).numpy(), x >= k)
        np.testing.assert_array_equal(exact.equal(tf.constant(x), np.float32(k)).numpy(), x == k)


def test_behind() -> None:
    x = np.arange(1.0, 9).reshape(2, 4)
    np.testing.assert_array_equal(exact.previous(tf.constant(x)), [[0, 1, 2, 3], [0, 5, 6, 7]])
    np.testing.assert_array_equal(exact.previous(tf.constant(x.reshape(2, 2, 2))), [[[0, 1], [0, 3]], [[0, 5], [0, 7]]])


@pytest.mark.parametrize("batch", [1, 5])
def test_gather_scatter_count(batch: int) -> None:
    rng = np.random.default_rng(batch)
    rows = rng.integers(0, 1000, (batch, 50)).astype("float32")
    index = np.stack([rng.permutation(50)[:20] for _ in range(batch)])
    places, values = tf.constant(index, tf.float32), tf.constant(rows[:, :20] + 1)
    np.testing.assert_array_equal(exact.gather(tf.constant(rows), places), np.take_along_axis(rows, index, axis=1))
    expected = np.zeros((batch, 50), "float32")
    np.put_along_axis(expected, index, rows[:, :20] + 1, axis=1)
    np.testing.assert_array_equal(exact.scatter(places, values, [batch, 50]), expected)
    repeated = rng.integers(0, 7, (batch, 40))
    counts = [[list(row).count(value) for value in row] for row in repeated]
    np.testing.assert_array_equal(exact.count(tf.constant(repeated, tf.float32), 8), counts)


def test_between_is_zero_or_one() -> None:
    x = np.r_[np.arange(-3, 300), 0xFFFF, 0x10000, 0x10FFFF, 0x110000, 2**22 - 1].astype("float32")
    for low, high in ((0, 127), (128, 191), (240, 244), (7, 7), (0x10000, 0x10FFFF)):
        np.testing.assert_array_equal(exact.between(tf.constant(x), low, high).numpy(), (low <= x) & (x <= high))
    bounds = np.array([[0], [128]]), np.array([[127], [191]])
    np.testing.assert_array_equal(exact.between(tf.constant([5.0, 130, 200]), *bounds), [[1, 0, 0], [0, 1, 0]])


def test_values_that_meet_are_added() -> None:
    index, values = tf.constant([[0.0, 0, 2, 0], [3, 1, 3, 1]]), tf.constant([[0.0, 5, 9, 2], [1, 2, 3, 4]])
    np.testing.assert_array_equal(exact.scatter(index, values, [2, 4]), [[7, 0, 9, 0], [0, 6, 0, 4]])


def test_places_in_a_batch_of_more_than_2_24_entries() -> None:
    rows = tf.reshape(tf.range(4200 * 4097), (4200, 4097))  # a place there has no exact float32
    index = tf.tile(tf.constant([[0.0, 4095, 4096]]), (4200, 1))
    expected = np.arange(4200)[:, None] * 4097 + [0, 4095, 4096]
    np.testing.assert_array_equal(exact.gather(rows, index), expected)
