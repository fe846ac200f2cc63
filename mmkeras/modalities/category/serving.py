"""TF Serving's input of a category -> raw input, in plain TensorFlow."""

from __future__ import annotations

from mmkeras.modalities.category.spec import MAX_BYTES
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import read_texts, stripped


def read_served(text: Tensor) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] without outer white space, and presence float32 [b, 1]."""
    return read_texts(stripped(text), MAX_BYTES)
