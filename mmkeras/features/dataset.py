"""Batches made in Python, as a dataset for `model.fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import tensorflow as tf

from mmkeras.system.malloc import keep_freed_memory

AHEAD = 2  # batches that are made while others are learned


def generator_dataset(make: Callable[[], Iterable[Any]], signature: Any, batches: int) -> Any:
    """make() -> the batches of one pass, so many, each of the tensors that the signature specifies.

    Without tuning, for which there is nothing here. The thread that tunes sleeps 10 ms, then 20, 40 and so on, and
    misses the signal to end where it wakes up too early, so that an iterator's end waited until it next looked: on busy
    processors every second pass, for as long as the pass itself at worst.
    """

    def begun() -> Iterable[Any]:
        keep_freed_memory()  # again: on Python 3.11 a dataset of a generator has malloc give blocks of 128 KB back
        return make()

    rows = tf.data.Dataset.from_generator(begun, output_signature=signature)
    options = tf.data.Options()
    options.autotune.enabled = False
    return rows.apply(tf.data.experimental.assert_cardinality(batches)).prefetch(AHEAD).with_options(options)
