"""Batches made in Python, as a dataset for `model.fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from mmkeras.system.malloc import keep_freed_memory

AHEAD = 2  # batches that are prepared during a training step


def generator_dataset(make: Callable[[], Iterable[Any]], signature: Any, batches: int) -> Any:
    """A tf.data.Dataset of batches from a Python generator.

    make: () -> the batches of one pass. signature: the TensorSpecs of a batch. batches: number of batches of a pass.

    There is nothing to tune here, so autotune is off: its thread polls with exponentially growing sleeps and can miss
    the stop signal, so that closing an iterator blocks until its next poll, at worst as long as the epoch took.
    """

    def start_pass() -> Iterable[Any]:
        keep_freed_memory()  # again: on Python 3.11 a dataset of a generator makes malloc return blocks of 128 KB
        return make()

    dataset = tf.data.Dataset.from_generator(start_pass, output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.apply(tf.data.experimental.assert_cardinality(batches)).prefetch(AHEAD).with_options(options)
