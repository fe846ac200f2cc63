"""Bytes and token ids of any length, cut inside the graph where a Python client cuts them: the first layer of an input.

A text within its limit passes unchanged: where the number of bytes is fixed the layers add no operation, and where it
is free they look at the few last bytes or ids that are read, whatever the length.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

Tensor = Any
MOST_BEHIND = 3  # bytes that continue a character of UTF-8
STARTS = (np.arange(256) // 64 != 2) * np.float32(255)  # a byte -> 0 if it continues a character (10xxxxxx), else 255


@keras.saving.register_keras_serializable("mmkeras")
class CutBytes(keras.layers.Layer):
    """Uint8 [b, n], zero-padded, any n, 0 too -> [b, m], each row cut where `text.cells.truncate` cuts it.

    Where the number of bytes is fixed and within the limit the bytes themselves; else float32, as the next layers
    compute, and m is min(n + 1, max_bytes): a zero behind, so that an empty text has a byte, and a text within the
    limit ends with a byte that continues nothing.

    Only the last three bytes that are read can belong to a character that goes on behind them. Each is zeroed unless a
    character starts behind it, up to the first byte that is not read.
    """

    def __init__(self, max_bytes: int, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.max_bytes, self.supports_jit = max_bytes, False  # XLA would compile anew for each length

    def call(self, data: Tensor) -> Tensor:
        if is_fixed(data, self.max_bytes):
            return data
        n_last = min(MOST_BEHIND, self.max_bytes)
        first = self.max_bytes - n_last
        # cast before it is padded: LiteRT's pad has no uint8
        b = tf.pad(tf.cast(data[:, : self.max_bytes + 1], "float32"), [[0, 0], [0, 1]])
        last = b[:, first : self.max_bytes + 1]  # [b, n_last + 1]; fewer of texts within the limit
        starts = tf.gather(STARTS, tf.cast(last, "int32"))
        most = tf.cumsum(starts, axis=1, exclusive=True, reverse=True)  # 0 where no character starts behind
        return tf.concat([b[:, :first], tf.minimum(last, most)[:, :n_last]], axis=1)

    def compute_output_spec(self, data: Tensor) -> Any:
        if is_fixed(data, self.max_bytes):
            return keras.KerasTensor(data.shape, data.dtype)
        return keras.KerasTensor((data.shape[0], None), "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_bytes": self.max_bytes}


@keras.saving.register_keras_serializable("mmkeras")
class CutTokens(keras.layers.Layer):
    """Token ids int32 [b, n], padded with `padding`, any n, 0 too -> int32 [b, m], where m is n, at least 1.

    A row of more than `max_tokens` ids keeps the first; None: all are kept. end: the id that ends a text and takes the
    last place of a cut row, as the tokenizer itself cuts; None for a tokenizer that ends texts with no id.
    """

    def __init__(self, max_tokens: int | None, padding: int, end: int | None = None, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.max_tokens, self.padding, self.end, self.supports_jit = max_tokens, padding, end, False

    def call(self, ids: Tensor) -> Tensor:
        if is_fixed(ids, self.max_tokens):
            return ids
        n_ids = tf.maximum(tf.shape(ids)[1], 1)
        if self.max_tokens is None:
            return self.padded(ids, 1)[:, :n_ids]
        first = self.max_tokens - 1
        around = self.padded(ids[:, first : first + 2], 2)[:, :2]  # [b, 2]: the last id that is read and the next one
        last = around[:, :1]
        if self.end is not None:
            last = tf.where(tf.equal(around[:, 1:], self.padding), last, self.end)
        return tf.concat([ids[:, :first], last], axis=1)[:, :n_ids]

    def padded(self, ids: Tensor, count: int) -> Tensor:
        """The ids with `count` more columns of padding."""
        return tf.pad(ids, [[0, 0], [0, count]], constant_values=self.padding)

    def compute_output_spec(self, ids: Tensor) -> Any:
        return keras.KerasTensor(ids.shape if is_fixed(ids, self.max_tokens) else (ids.shape[0], None), ids.dtype)

    def get_config(self) -> dict[str, Any]:
        options = {"max_tokens": self.max_tokens, "padding": self.padding, "end": self.end}
        return {**super().get_config(), **options}


def is_fixed(x: Tensor, longest: int | None) -> bool:
    """Is the length of the rows known, and within the limit?"""
    return x.shape[1] is not None and x.shape[1] > 0 and (longest is None or x.shape[1] <= longest)
