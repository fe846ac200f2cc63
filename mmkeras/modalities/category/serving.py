"""TF Serving's input of a category -> raw input, in plain TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from mmkeras.modalities.category.spec import MAX_BYTES
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import read_texts, stripped


def read_served(text: Tensor) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] without outer white space, and presence float32 [b, 1]."""
    return read_texts(stripped(text), MAX_BYTES)


def read_served_block(texts: Tensor) -> tuple[Tensor, Tensor]:
    """String [b, n] -> uint8 [b, n, n_bytes] without outer white space, and presence float32 [b, n]."""
    n = texts.shape[1]
    data, present = read_served(tf.reshape(texts, [-1]))  # [b * n, n_bytes], [b * n, 1]
    return tf.reshape(data, tf.stack([-1, n, tf.shape(data)[1]])), tf.reshape(present, [-1, n])
