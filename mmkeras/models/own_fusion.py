"""A fusion that the user gave as a function: its Keras model between the columns' vectors and the last layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import layers, ops

from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.models.fusions import Fused, Tensor, pooled


def own_answer(model: Any) -> Callable[..., Fused]:
    """The fusion of a model as a function of `fusions`: encoded, present, outputs, sizes -> Fused.

    model: vectors [b, width] by column, and presences [b, 1] as `<column>_present` where it has such inputs -> [b, d].
    """

    def answer(encoded: dict[str, Encoded], present: Tensor, outputs: int, sizes: Sizes) -> Fused:
        return Fused(layers.Dense(outputs, name="head")(_vector(model, encoded, present)), {})

    return answer


def own_memory(model: Any) -> Callable[..., Encoded]:
    """The same for a decoder, which attends to one token: encoded, present, sizes -> Encoded."""

    def memory(encoded: dict[str, Encoded], present: Tensor, sizes: Sizes) -> Encoded:
        z = layers.Dense(sizes.width, name="fusion.projection")(_vector(model, encoded, present))
        token = layers.Reshape((1, sizes.width), name="fusion.token")(z)  # [b, width] -> [b, 1, width]
        return Encoded(token, ops.ones_like(token[:, :, 0]))

    return memory


def _vector(model: Any, encoded: dict[str, Encoded], present: Tensor) -> Tensor:
    vectors = {name: pooled(name, e) for name, e in encoded.items()}
    presences = {f"{name}_present": present[:, k : k + 1] for k, name in enumerate(encoded)}
    return model({name: tensor for name, tensor in (vectors | presences).items() if name in model.input})
