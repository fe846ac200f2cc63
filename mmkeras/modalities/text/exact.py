"""Whole numbers in float32: small functions whose results are bit-identical in every runtime.

Integers below 2**24 are exact in float32, and runtimes vectorise float kernels more often than int32 ones: in LiteRT a
multiplication with modulo is ten times cheaper this way. So a comparison is a clip, a modulo is a floor.

Tables stay int32 in the graph and are cast after the gather: quantisers round float tables, never integers.
`tf.gather` is used, not `keras.ops.take`, which adds a comparison and a select for negative indices.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

Tensor = Any  # a Keras tensor while a model is built, a TensorFlow tensor while it runs


def at_least(x: Tensor, k: float) -> Tensor:
    """1.0 where the integer x >= k, else 0.0."""
    return ops.clip(x - (k - 1.0), 0.0, 1.0)


def between(x: Tensor, low: Any, high: Any) -> Tensor:
    """1.0 where low <= x <= high, else 0.0, for integers below 2**22; bounds are numbers or arrays to broadcast."""
    middle, half = np.float32(low + high) / np.float32(2), np.float32(high - low) / np.float32(2)
    return ops.clip((half + 1) - ops.abs(x - middle), 0.0, 1.0)


def equal(x: Tensor, y: Tensor) -> Tensor:
    """1.0 where the integers x and y are equal, else 0.0."""
    return ops.maximum(1.0 - ops.abs(x - y), 0.0)


def modulo(y: Tensor, primes: np.ndarray) -> Tensor:
    """Y mod primes (float32, broadcast) for integers 0 <= y < 2**24: exact for primes that pass `modulo_is_exact`."""
    return y - ops.floor(y * (np.float32(1) / primes)) * primes


def modulo_is_exact(prime: int) -> bool:
    """Is `modulo` exact for all integers below 2**24, by reciprocal and (as a runtime may rewrite it) by division?"""
    y = np.arange(2**24, dtype="float32")
    expected = y - (np.arange(2**24) % prime).astype("float32")
    p = np.float32(prime)
    return bool((np.floor(y * (np.float32(1) / p)) * p == expected).all() and (np.floor(y / p) * p == expected).all())


def split_number(number: Tensor, low: int) -> tuple[Tensor, Tensor]:
    """a * low + b -> a, b; `low` a power of two, so that its reciprocal is exact."""
    high = ops.floor(number * (1.0 / low))
    return high, number - high * float(low)


def previous(x: Tensor) -> Tensor:
    """The entry before each entry along the last axis: x[..., i - 1], 0 for the first."""
    leading_axes = (slice(None),) * (len(x.shape) - 1)  # an ellipsis with an open end is exported wrongly to ONNX
    return ops.pad(x, [[0, 0]] * len(leading_axes) + [[1, 0]])[(*leading_axes, slice(None, -1))]


def positions(like: Tensor) -> Tensor:
    """[R, K] -> [1, K] of the same dtype: 0, 1, 2 …"""
    return tf.cumsum(tf.ones_like(like[:1]), axis=1, exclusive=True)


def look_up(table: np.ndarray, index: Tensor, axis: int = 0) -> Tensor:
    """The entries `index` of an int32 table, as float32."""
    return ops.cast(tf.gather(table, ops.cast(index, "int32"), axis=axis), "float32")


def scatter(index: Tensor, values: Tensor, shape: Tensor) -> Tensor:
    """Add values [R, K] to zeros of a `shape` (int32 [2]: R, L) at index[r, k] of row r -> [R, L]; collisions sum up.

    The rows are concatenated for the scatter, since LiteRT is slow with pairs of row and index.
    """
    row_start = tf.range(tf.shape(index)[0])[:, None] * shape[1]  # [R, 1]
    flat_index = ops.reshape(ops.cast(index, "int32") + row_start, (-1, 1))  # [R * K, 1]
    flat = tf.scatter_nd(flat_index, ops.reshape(values, (-1,)), tf.reduce_prod(shape, keepdims=True))  # [R * L]
    return tf.reshape(flat, shape)


def gather(rows: Tensor, index: Tensor) -> Tensor:
    """rows [..., L], index [..., K] -> the entries of each row at its indices, [..., K]."""
    return tf.gather(rows, ops.cast(index, "int32"), batch_dims=len(rows.shape) - 1)


def count(index: Tensor, length: int) -> Tensor:
    """How often each index[r, k] < length occurs in its row r, [R, K]."""
    whole = ops.cast(index, "int32")
    shape = tf.add(tf.shape(index) * [1, 0], [0, length])  # [R, length]
    return gather(scatter(whole, ops.ones_like(index), shape), whole)
