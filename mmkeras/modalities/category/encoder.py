"""A category's row number -> one token."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from mmkeras.modalities.category.layers import FIRST_KNOWN
from mmkeras.modalities.encoded import Encoded


def encode_category(rows: Any, n_values: int, width: int, name: str) -> Encoded:
    """Int32 [b, 1] row numbers -> one token, [b, 1, width]."""
    tokens = layers.Embedding(FIRST_KNOWN + n_values, width, name=f"{name}_values")(rows)
    return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))
