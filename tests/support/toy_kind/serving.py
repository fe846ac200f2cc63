"""TF Serving's input of a colour -> raw input, in plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def read_served(text: Any) -> tuple[Any, Any]:
    """String [b], such as #ff8800, "" for a missing colour -> float32 [b, 3] and presence float32 [b, 1]."""
    present = tf.cast(tf.strings.length(text) > 0, tf.float32)[:, None]
    code = tf.cast(tf.io.decode_raw(tf.strings.lower(text), tf.uint8, fixed_length=7)[:, 1:], tf.int32)  # [b, 6]
    digits = tf.where(code >= ord("a"), code - ord("a") + 10, code - ord("0"))
    colour = tf.cast(16 * digits[:, ::2] + digits[:, 1::2], tf.float32) / 255.0  # [b, 3]
    return colour * present, present
