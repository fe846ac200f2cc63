"""Whole numbers in float32: small pieces that every runtime computes to the last bit.

Integers below 2**24 are exact in float32, and float kernels are vectorised where int32 ones often are not: in
LiteRT a multiplication with modulo is ten times cheaper this way. So a comparison is a clip, a modulo is a floor.

Tables stay int32 in the graph and are cast behind the gather: a quantiser rounds float tables, never integers.
`tf.gather` stands where `keras.ops.take` could because the latter adds a comparison and a select for negative indices.
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
    """1.0 where the integers x and y are the same, else 0.0."""
    return ops.maximum(1.0 - ops.abs(x - y), 0.0)


def modulo(y: Tensor, primes: np.ndarray) -> Tensor:
    """Y mod primes (float32, broadcast) for integers 0 <= y < 2**24: exact for those that `modulo_is_exact` admits."""
    return y - ops.floor(y * (np.float32(1) / primes)) * primes


def modulo_is_exact(prime: int) -> bool:
    """Is `modulo` right for every integer below 2**24, by reciprocal and (as a runtime may rewrite it) by division?"""
    y = np.arange(2**24, dtype="float32")
    want = y - (np.arange(2**24) % prime).astype("float32")
    p = np.float32(prime)
    return bool((np.floor(y * (np.float32(1) / p)) * p == want).all() and (np.floor(y / p) * p == want).all())


def split_number(number: Tensor, low: int) -> tuple[Tensor, Tensor]:
    """a * low + b -> a, b; `low` a power of two, so that its reciprocal is exact."""
    high = ops.floor(number * (1.0 / low))
    return high, number - high * float(low)


def behind(x: Tensor) -> Tensor:
    """x[..., i - 1], a zero at the start."""
    before_last = (slice(None),) * (len(x.shape) - 1)  # an ellipsis with an open end is exported wrongly to ONNX
    return ops.pad(x, [[0, 0]] * len(before_last) + [[1, 0]])[(*before_last, slice(None, -1))]


def places(like: Tensor) -> Tensor:
    """[R, K] -> float32 [1, K]: 0, 1, 2 …"""
    return tf.cumsum(tf.ones_like(like[:1]), axis=1, exclusive=True)


def look_up(table: np.ndarray, index: Tensor, axis: int = 0) -> Tensor:
    """Entries of an int32 table at the places `index`, as float32."""
    return ops.cast(tf.gather(table, ops.cast(index, "int32"), axis=axis), "float32")


def scatter(index: Tensor, values: Tensor, shape: Tensor) -> Tensor:
    """Zeros of a `shape`, int32 [2] of R and L, with values [R, K] added at the places [R, K]; those that meet sum up.

    The rows lie end to end in between: LiteRT takes long to pair each place with its row.
    """
    row = tf.range(tf.shape(index)[0])[:, None] * shape[1]  # [R, 1]
    place = ops.reshape(ops.cast(index, "int32") + row, (-1, 1))  # [R * K, 1]
    flat = tf.scatter_nd(place, ops.reshape(values, (-1,)), tf.reduce_prod(shape, keepdims=True))  # [R * L]
    return tf.reshape(flat, shape)


def gather(rows: Tensor, index: Tensor) -> Tensor:
    """rows [..., L], places [..., K] -> the entries of each row at its places, [..., K]."""
    return tf.gather(rows, ops.cast(index, "int32"), batch_dims=len(rows.shape) - 1)


def count(index: Tensor, length: int) -> Tensor:
    """How often the place index[r, k] < length occurs in its row r, [R, K]."""
    place = ops.cast(index, "int32")
    shape = tf.add(tf.shape(index) * [1, 0], [0, length])  # [R, length]
    return gather(scatter(place, ops.ones_like(index), shape), place)
