"""What TF Serving's clients send of a date -> raw input, in plain TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from mmkeras.data.dates import DATE_BYTES, DATE_PATTERN
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import text_bytes


def read_served(text: Tensor) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1]: what is no date is missing."""
    text = tf.strings.strip(text)
    there = tf.strings.regex_full_match(text, DATE_PATTERN)
    return text_bytes(text, DATE_BYTES), tf.cast(there, tf.float32)[:, None]
