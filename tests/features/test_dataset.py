"""Batches made in Python, as a dataset."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from mmkeras.features.dataset import generator_dataset


def test_each_pass_makes_its_batches_anew_and_their_number_is_known() -> None:
    passes = []

    def make() -> list[np.ndarray]:
        passes.append(len(passes))
        return [np.array([k, passes[-1]], "int32") for k in range(3)]

    batches = generator_dataset(make, tf.TensorSpec((None,), tf.int32), 3)
    assert len(batches) == 3
    for n in range(2):
        np.testing.assert_array_equal(np.stack([b.numpy() for b in batches]), [[0, n], [1, n], [2, n]])


def test_nothing_is_tuned_whose_thread_an_iterator_would_wait_for() -> None:
    batches = generator_dataset(lambda: [np.zeros(1, "int32")], tf.TensorSpec((None,), tf.int32), 1)
    assert batches.options().autotune.enabled is False
