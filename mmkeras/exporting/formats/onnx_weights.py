"""Large weights bypass tf2onnx: as inputs of the function that it converts, which become constants again afterwards.

tf2onnx copies the whole graph about fifty times, with its weights: for a small BERT (91 MB) that was 60 of 70 s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from onnx import numpy_helper

LARGE = 2**17  # numbers in a weight; tf2onnx folds operations on smaller weights, runtimes those on larger ones


def large_weights(model: Any) -> list[Any]:
    """The model's variables of at least LARGE numbers."""
    return [variable for variable in model.variables if np.prod(variable.shape) >= LARGE]


def weight_specs(weights: Sequence[Any]) -> list[Any]:
    """The weights as inputs of a `tf.function`."""
    return [tf.TensorSpec(weight.shape, weight.dtype, f"weight_{k}") for k, weight in enumerate(weights)]


def substituted(weights: Sequence[Any], tensors: Sequence[Any]) -> Any:
    """A context in which the tensors stand for the weights."""
    return keras.StatelessScope(state_mapping=list(zip(weights, tensors, strict=True)))


def put_back(proto: Any, tensors: Mapping[str, Any]) -> None:
    """The inputs that stand for tensors, by name -> constants of the graph."""
    for value in list(proto.graph.input):
        tensor = tensors.get(value.name, tensors.get(value.name.split(":")[0]))
        if tensor is not None:
            proto.graph.initializer.append(numpy_helper.from_array(np.asarray(tensor), value.name))
            proto.graph.input.remove(value)
