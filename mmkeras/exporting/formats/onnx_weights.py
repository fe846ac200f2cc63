"""Large weights pass tf2onnx by: as inputs of the function it converts, which become constants again behind it.

tf2onnx copies the whole graph some fifty times, weights and all: for a small BERT (91 MB) that was a minute of 70 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from onnx import numpy_helper

LARGE = 2**17  # numbers; tf2onnx folds what is done to smaller ones, a runtime does to larger ones when it loads


def large_weights(model: Any) -> list[Any]:
    """The model's variables that are worth it."""
    return [variable for variable in model.variables if np.prod(variable.shape) >= LARGE]


def weight_specs(weights: Sequence[Any]) -> list[Any]:
    """What `tf.function` has to know of them."""
    return [tf.TensorSpec(weight.shape, weight.dtype, f"weight_{k}") for k, weight in enumerate(weights)]


def given(weights: Sequence[Any], tensors: Sequence[Any]) -> Any:
    """A context in which the weights are the tensors."""
    return keras.StatelessScope(state_mapping=list(zip(weights, tensors, strict=True)))


def put_back(proto: Any, weights: Sequence[Any]) -> None:
    """The inputs that stand for weights -> constants of the graph."""
    place = {spec.name: weight for spec, weight in zip(weight_specs(weights), weights, strict=True)}
    for value in list(proto.graph.input):
        weight = place.get(value.name.split(":")[0])
        if weight is not None:
            proto.graph.initializer.append(numpy_helper.from_array(np.asarray(weight.value), value.name))
            proto.graph.input.remove(value)
