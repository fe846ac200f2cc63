"""A Keras model as a plain function of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def as_function(model: keras.Model) -> Callable[[Any], dict[str, np.ndarray]]:
    """The model as a compiled function: arrays by input name -> NumPy arrays by output name."""
    call = tf.function(lambda inputs: model(inputs, training=False), reduce_retracing=True)
    return lambda inputs: {name: value.numpy() for name, value in call(dict(inputs)).items()}
