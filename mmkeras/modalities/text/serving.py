"""Strings -> the bytes that the graph takes, inside a SavedModel, for clients of TF Serving."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.graph import OUTER_SPACE

Tensor = Any
TEXT_METADATA = {
    "encoding": "UTF-8, zeros behind",
    "cut": "before a continuation byte (10xxxxxx), so never inside a character",
    "any_length": "a longer text is cut in the graph; an empty one may have 0 bytes",
}


def text_bytes(text: Tensor, max_bytes: int) -> Tensor:
    """String [b] -> uint8 [b, n], zero-padded; a longer text is cut where `cells.truncate` cuts it."""
    n_bytes = tf.minimum(tf.maximum(tf.reduce_max(tf.strings.length(text)), 1), max_bytes)
    data = tf.io.decode_raw(text, tf.uint8, fixed_length=n_bytes + 1)  # [b, n + 1]
    continues = tf.cast(tf.bitwise.bitwise_and(data[:, -4:], tf.constant(0xC0, tf.uint8)) == 0x80, tf.int32)
    # [b, 4]: is the byte at n - 3 … n a continuation byte?
    continues = tf.pad(continues, [[0, 0], [4 - tf.shape(continues)[1], 0]])
    n_dropped = continues[:, 3] * (1 + continues[:, 2] * (1 + continues[:, 1]))
    is_kept = tf.range(n_bytes) < tf.maximum(n_bytes - n_dropped, n_bytes - 3)[:, None]
    return data[:, :-1] * tf.cast(is_kept, tf.uint8)


def stripped(text: Tensor) -> Tensor:
    """String [b] without outer white space, as `str.strip` removes it."""
    return tf.strings.regex_replace(text, OUTER_SPACE, "")


def read_texts(text: Tensor, max_bytes: int) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1]: a text of white space alone is missing, as in a CSV."""
    present = tf.strings.length(stripped(text)) > 0
    return text_bytes(text, max_bytes), tf.cast(present, tf.float32)[:, None]
