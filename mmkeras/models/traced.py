"""A Keras model as a plain function of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def as_function(model: keras.Model) -> Callable[[Any], dict[str, np.ndarray]]:
    """A model as a function of arrays, compiled once for all batches."""
    call = tf.function(lambda given: model(given, training=False), reduce_retracing=True)
    return lambda given: {name: value.numpy() for name, value in call(dict(given)).items()}
