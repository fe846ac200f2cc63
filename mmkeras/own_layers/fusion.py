"""A function of the user as a fusion: called once with Keras inputs, it becomes a Keras model, which JSON describes.

So a run is rebuilt without the function: no code is stored, and none is needed to export.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from mmkeras.errors import InputError
from mmkeras.own_layers.encoder import written
from mmkeras.own_layers.sentences import first_sentence

NAME = "fusion.own"
EXPECTED = "expected one float vector a row, [b, d]; the layer behind it that gives the answer is ours"


def traced(function: Callable[..., Any], columns: Mapping[str, str], width: int, what: str) -> keras.Model:
    """The function as a model: vectors float32 [b, width] of the columns, and their presences -> one vector [b, d].

    columns: name in the graph -> the name by which the function finds it. The presences [b, 1] are inputs of the model
    where the function has a parameter `present`. Raises InputError for a function that fails, or returns another shape.
    """
    inputs = {name: keras.Input((width,), name=name) for name in columns}
    arguments: dict[str, Any] = {}
    if "present" in parameters(function):
        presences = {f"{name}_present": keras.Input((1,), name=f"{name}_present") for name in columns}
        arguments["present"] = {title: presences[f"{name}_present"] for name, title in columns.items()}
        inputs |= presences
    vectors = {title: inputs[name] for name, title in columns.items()}
    try:
        out = function(vectors, **arguments)
    except KeyError as error:
        names = ", ".join(map(repr, vectors))
        raise InputError(f"{what} asks for {error}; the columns' vectors are {names}.") from error
    except Exception as error:  # the user's code
        raise InputError(
            f"{what} fails ({first_sentence(error)}). It is called once, with a dict of Keras tensors "
            f"{written_all(vectors)}: compute with keras.ops and Keras layers."
        ) from error
    check(out, what)
    try:
        return keras.Model(inputs, out, name=NAME)
    except ValueError as error:
        raise InputError(f"{what} returns a tensor that does not depend on its vectors; {EXPECTED}.") from error


def check(out: Any, what: str) -> None:
    """Raise InputError for anything but a vector a row."""
    if not isinstance(out, keras.KerasTensor):
        raise InputError(f"{what} returns a {type(out).__name__}; {EXPECTED}.")
    shape = out.shape
    if len(shape) != 2 or shape[0] is not None or shape[1] is None or "float" not in str(out.dtype):
        raise InputError(f"{what} returns {written(out)}; {EXPECTED}.")


def parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    """The parameters of a function; none where Python cannot tell, and of a layer, which would have Keras' own."""
    if isinstance(function, keras.layers.Layer):
        return {}
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return {}


def written_all(vectors: Mapping[str, Any]) -> str:
    """The vectors by name, at most four: `{'photo': float32 [b, 64], …}`."""
    parts = [f"{name!r}: {written(tensor)}" for name, tensor in list(vectors.items())[:4]]
    return "{" + ", ".join([*parts, *(["…"] if len(vectors) > 4 else [])]) + "}"


def unused(model: keras.Model, columns: Mapping[str, str]) -> list[str]:
    """The columns, by the function's names for them, whose vectors it does not use."""
    inputs = model.input
    return [title for name, title in columns.items() if not inputs[name]._keras_history.operation._outbound_nodes]
