"""TF Serving's input of a date -> raw input, in plain TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from mmkeras.data.dates import DATE_BYTES, DATE_PATTERN
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import text_bytes


def read_served(text: Tensor) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1]: a string that is no date counts as missing."""
    text = tf.strings.strip(text)
    present = tf.strings.regex_full_match(text, DATE_PATTERN)
    return text_bytes(text, DATE_BYTES), tf.cast(present, tf.float32)[:, None]
