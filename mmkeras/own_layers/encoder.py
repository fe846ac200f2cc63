"""A column with a layer of the user in place of our encoder: what the layer reads, and its output as tokens."""

from __future__ import annotations

import inspect
import math
from typing import Any

import keras
from keras import layers, ops

from mmkeras.errors import InputError
from mmkeras.modalities import Modality
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.own_layers.sentences import first_sentence

Tensor = Any


class OwnEncoder:
    """A Modality whose tokens are the output of a layer of the user. All else is the column's."""

    def __init__(self, column: Modality, layer: Any, title: str) -> None:
        """layer: a Keras layer; title: the name of its class, or of the function that it was made from."""
        self.column, self.layer, self.title = column, layer, title

    def __getattr__(self, name: str) -> Any:
        return getattr(self.column, name)

    def entry(self) -> dict[str, Any]:
        """The column's entry, and whose encoder it has: the report and the model card name it."""
        return {**self.column.entry(), "own_encoder": self.title}

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        """Features -> tokens [b, T, width] and their mask, by the layer and a projection to the width."""
        if exporting:
            unroll(self.layer)
        name, column = self.column.name, self.column
        x, shown = column.prepared(features, sizes)  # type: ignore[attr-defined]
        out = call(self.layer, x, shown)
        mask = mask_of(out, x, shown)
        tokens = layers.Dense(sizes.width, name=f"{name}_width")(as_tokens(out))
        tokens = layers.LayerNormalization(name=f"{name}_tokens")(tokens)  # like those of the other columns
        return Encoded(tokens, ops.ones_like(tokens[:, :, 0]) if mask is None else mask)


def call(layer: Any, x: Tensor, shown: Tensor | None) -> Tensor:
    """The layer's output for the prepared tensor, and its mask [b, T] if the layer takes one."""
    if shown is None or not takes_mask(layer):
        return layer(x)
    # an empty text shows its first place, a zero: layers that average over a mask of zeros return NaN
    first = ops.maximum(shown[:, :1], 1.0 - ops.max(shown, axis=1, keepdims=True))
    return layer(x, mask=ops.concatenate([first, shown[:, 1:]], axis=1) > 0)


def takes_mask(layer: Any) -> bool:
    """Does a layer take a mask? A model does where its first layer takes one, or hands it on."""
    while isinstance(layer, keras.Sequential) or type(layer).__name__ == "Functional":
        inner = [part for part in layer.layers if not isinstance(part, layers.InputLayer)]
        if not inner:
            return False
        layer = inner[0]
    return bool(layer.supports_masking) or "mask" in inspect.signature(layer.call).parameters


def mask_of(out: Tensor, x: Tensor, shown: Tensor | None) -> Tensor | None:
    """Float32 [b, T], 1.0 where the output has a token: the input's mask where the output has as many; else all."""
    if shown is None or len(out.shape) != 3 or out.shape[1] != x.shape[1]:
        return None
    return shown


def as_tokens(out: Tensor) -> Tensor:
    """A vector [b, d], tokens [b, T, d] or a map [b, h, w, d] -> float tokens [b, T, d], without the mask of Keras."""
    *places, size = out.shape[1:]
    return ops.reshape(out, (-1, math.prod(places), size))  # [b, …, d] -> [b, T, d]


def unroll(layer: Any) -> None:
    """Unroll recurrent layers for export. Their loop keeps the states in a list: LiteRT has one for one row alone, and
    tf2onnx writes a loop over a masked one that no runtime loads."""
    for part in layer._flatten_layers():
        if isinstance(part, layers.RNN):
            part.unroll = True


def prepared_tensor(column: Modality, sizes: Sizes) -> tuple[Tensor, Tensor | None]:
    """Keras inputs of what a layer for the column reads: the tensor, and its mask [b, T] or None."""
    features = column.features()
    x, shown = column.prepared(features, sizes)  # type: ignore[attr-defined]
    inputs = keras.Input(x.shape[1:], dtype=x.dtype, name=column.name)
    return inputs, None if shown is None else keras.Input(shown.shape[1:], dtype="float32")


def check_output(out: Any, x: Tensor, what: str) -> None:
    """Raise InputError for an output that is no vector, tokens or map of float numbers."""
    shape = getattr(out, "shape", None)
    expected = (
        "expected a vector [b, d], tokens [b, n, d] or a map [b, h, w, d] of float numbers, whose sizes are known"
    )
    received = f"It receives {written(x)}."
    if shape is None:
        raise InputError(f"{what} returns a {type(out).__name__}; {expected}. {received}")
    if len(shape) not in (2, 3, 4) or shape[0] is not None or None in shape[1:] or "float" not in str(out.dtype):
        raise InputError(f"{what} returns {written(out)}; {expected}. {received}")


def written(tensor: Tensor) -> str:
    """A tensor's dtype and shape: `float32 [b, 96, 96, 3]`."""
    first, *rest = tensor.shape
    sizes = ["b" if first is None else str(first), *("?" if size is None else str(size) for size in rest)]
    return f"{tensor.dtype} [{', '.join(sizes)}]"


def built(layer: Any, x: Tensor, shown: Tensor | None, what: str) -> Tensor:
    """The output of a layer, or a function, for Keras inputs. Raises InputError where it cannot take them."""
    try:
        out = call(layer, x, shown) if isinstance(layer, layers.Layer) else layer(x)
    except Exception as error:  # the user's code
        raise InputError(f"{what} cannot take {written(x)} ({first_sentence(error)}).") from error
    check_output(out, x, what)
    return out
