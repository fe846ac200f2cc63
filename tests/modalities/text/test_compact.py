"""The look-up of a small model: two bytes a feature, the same rows in the graph and in NumPy."""

from __future__ import annotations

import numpy as np

from mmkeras.modalities.text.version2.compact import KEY_BITS, N_LEVELS, CompactRows, rounded_idf
from mmkeras.modalities.text.version2.displacing import build_vocabulary
from mmkeras.modalities.text.version2.vocabulary import Displaced

N = 5000


def made() -> tuple[Displaced, np.ndarray, np.random.Generator]:
    random = np.random.default_rng(0)
    keys = random.choice(np.arange(1, 2**32, 7919), N, replace=False)
    vocabulary = build_vocabulary(keys, KEY_BITS)
    idf = np.r_[0.0, np.where(vocabulary.keys, random.uniform(1.0, 11.0, len(vocabulary.keys)), 0.0)]
    return vocabulary, rounded_idf(idf), random


def test_the_graph_finds_the_rows_that_numpy_finds() -> None:
    vocabulary, idf, random = made()
    layer = CompactRows(vocabulary, idf, 2**13)
    known, unknown = vocabulary.keys[vocabulary.keys > 0], random.integers(1, 2**32, 200_000)
    keys = np.r_[known, unknown, np.zeros(50, "int64")].astype("uint32")
    rows, weights = (np.asarray(found)[:, 0] for found in layer(keys.view("int32")[:, None]))
    np.testing.assert_array_equal(rows, vocabulary.rows_of(keys))
    np.testing.assert_array_equal(rows[: len(known)] - 1, np.flatnonzero(vocabulary.keys))
    assert (rows[-50:] == 0).all()
    np.testing.assert_allclose(weights, rows > 0, atol=1e-3)  # a text of one feature has length 1
    mistaken = (rows[len(known) : -50] > 0).mean()
    assert 0 < mistaken < 2 * 2.0**-KEY_BITS


def test_its_config_makes_it_again() -> None:
    vocabulary, idf, _ = made()
    layer = CompactRows(vocabulary, idf, 2**13)
    again = CompactRows.from_config(layer.get_config())
    np.testing.assert_array_equal(again.both, layer.both)
    np.testing.assert_array_equal(again.levels, layer.levels)
    saved = Displaced.from_arrays(vocabulary.arrays())
    assert saved.print_bits == KEY_BITS


def test_rounded_idf_are_few_and_near() -> None:
    idf = np.r_[0.0, np.geomspace(0.7, 12.0, 1000)]
    found = rounded_idf(idf)
    assert len(np.unique(found)) == N_LEVELS
    np.testing.assert_allclose(found, idf, rtol=0.12)
    assert (rounded_idf(np.zeros(3)) == 0).all()
    np.testing.assert_allclose(rounded_idf(np.full(3, 2.5)), 2.5, rtol=1e-3)
