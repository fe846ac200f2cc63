"""What TF Serving's clients send of a number -> raw input, in plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any


def read_served(values: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [b], NaN where there is none -> float32 [b, 1] values, 0.0 there, and presence."""
    there = tf.logical_not(tf.math.is_nan(values))
    return tf.where(there, values, 0.0)[:, None], tf.cast(there, tf.float32)[:, None]
