"""TF Serving's input of a number -> raw input, in plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any


def read_served(values: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [b], NaN for a missing number -> values, 0.0 for a missing one, and presence, float32 [b, 1] each."""
    present = tf.logical_not(tf.math.is_nan(values))
    return tf.where(present, values, 0.0)[:, None], tf.cast(present, tf.float32)[:, None]


def read_served_block(values: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [b, n], NaN for a missing number -> values, 0.0 for a missing one, and presence, float32 [b, n] each."""
    present = tf.logical_not(tf.math.is_nan(values))
    return tf.where(present, values, 0.0), tf.cast(present, tf.float32)
