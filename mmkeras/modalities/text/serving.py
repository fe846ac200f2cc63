"""Strings -> the bytes a graph takes, inside a SavedModel, for TF Serving's clients."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.graph import OUTER_SPACE

Tensor = Any
TEXT_FACTS = {
    "encoding": "UTF-8, zeros behind",
    "cut": "before a continuation byte (10xxxxxx), so never inside a character",
}


def text_bytes(text: Tensor, max_bytes: int) -> Tensor:
    """String [b] -> uint8 [b, n], zeros behind; a longer text is cut where `cells.cut` would cut it."""
    longest = tf.minimum(tf.maximum(tf.reduce_max(tf.strings.length(text)), 1), max_bytes)
    data = tf.io.decode_raw(text, tf.uint8, fixed_length=longest + 1)  # [b, n + 1]
    ends = tf.cast(tf.bitwise.bitwise_and(data[:, -4:], tf.constant(0xC0, tf.uint8)) == 0x80, tf.int32)
    ends = tf.pad(ends, [[0, 0], [4 - tf.shape(ends)[1], 0]])  # [b, 4]: is the byte at n - 3 … n a continuation?
    back = ends[:, 3] * (1 + ends[:, 2] * (1 + ends[:, 1]))
    kept = tf.range(longest) < tf.maximum(longest - back, longest - 3)[:, None]
    return data[:, :-1] * tf.cast(kept, tf.uint8)


def stripped(text: Tensor) -> Tensor:
    """String [b] without outer white space, as `str.strip` takes it away."""
    return tf.strings.regex_replace(text, OUTER_SPACE, "")


def read_texts(text: Tensor, max_bytes: int) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1]: nothing but white space is missing, as in a CSV."""
    there = tf.strings.length(stripped(text)) > 0
    return text_bytes(text, max_bytes), tf.cast(there, tf.float32)[:, None]
