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


def width(x: Tensor) -> Any:
    """Length of the last axis: a number where it is fixed, a scalar tensor where the graph leaves it free."""
    return x.shape[-1] if x.shape[-1] is not None else ops.shape(x)[-1]


def first(table: np.ndarray, like: Tensor) -> Tensor:
    """The first entries of int32 tables [T, L], as many as `like` [..., K] has columns: float32 [T, K]."""
    return ops.cast(tf.slice(table, [0, 0], [len(table), width(like)]), "float32")


def look_up(table: np.ndarray, index: Tensor) -> Tensor:
    """Entries of an int32 table at the places `index`, as float32."""
    return ops.cast(tf.gather(table, ops.cast(index, "int32")), "float32")


def row_numbers(x: Tensor) -> Tensor:
    """[R, K] -> int32 [R, 1]: 0, 1, 2 …, without asking for R, which would cost a handful of shape ops."""
    return ops.cast(ops.cumsum(ops.ones_like(x[:, :1]), axis=0) - 1.0, "int32")


def flat_places(index: Tensor, length: Any) -> Tensor:
    """[R, K] places in rows of `length` -> int32 [R, K] places in the flattened rows."""
    return ops.cast(index, "int32") + row_numbers(index) * length


def gather(rows: Tensor, index: Tensor) -> Tensor:
    """rows [R, L], places [R, K] -> rows[r, index[r, k]], [R, K]."""
    return tf.gather(ops.reshape(rows, (-1,)), flat_places(index, width(rows)))


def scatter(index: Tensor, values: Tensor, length: Any) -> Tensor:
    """Zero rows [R, length] with values [R, K] at the places [R, K].

    Runtimes disagree on what two values at one place do (LiteRT adds, ONNX keeps one): write each place once, or
    write nothing but zeros to it twice.
    """
    place = ops.reshape(flat_places(index, length), (-1, 1))  # [R * K, 1]
    flat = tf.scatter_nd(place, ops.reshape(values, (-1,)), (ops.shape(values)[0] * length,))  # [R * length]
    return ops.reshape(flat, (-1, length))


def count(index: Tensor, length: int) -> Tensor:
    """How often the place index[r, k] occurs in its row r, [R, K].

    The one scatter that must add: the ONNX exporter marks it so (`reduction="add"`), TensorFlow and LiteRT add.
    """
    place = flat_places(index, length)  # [R, K]
    ones = ops.reshape(ops.ones_like(index), (-1,))
    sums = tf.scatter_nd(ops.reshape(place, (-1, 1)), ones, (ops.shape(index)[0] * length,))  # [R * length]
    return tf.gather(sums, place)
