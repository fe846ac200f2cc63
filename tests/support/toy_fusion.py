"""A small fusion, as docs/extending.md shows it: the largest of the columns' vectors, elementwise."""

from __future__ import annotations

from typing import Any

from keras import layers

from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.models.fusions import Fused, pooled


def largest(encoded: dict[str, Encoded], present: Any, outputs: int, sizes: Sizes) -> Fused:
    """Feature level: max pooling over the columns' vectors, then a linear head. A missing column has a learned token."""
    vectors = [pooled(name, e) for name, e in encoded.items()]  # M * [b, width]
    x = vectors[0] if len(vectors) == 1 else layers.Maximum(name="fusion.largest")(vectors)  # [b, width]
    return Fused(layers.Dense(outputs, name="head")(x), {})
