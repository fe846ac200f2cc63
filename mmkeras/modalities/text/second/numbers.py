"""UTF-8 bytes -> the numbers of their characters, in order and without gaps, inside the graph.

For B texts of N bytes. Everything is a whole number below 2**24 in float32, exact in every runtime (see exact.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, at_least, look_up
from mmkeras.modalities.text.hashing.characters import BMP
from mmkeras.modalities.text.second.rule import FIRST_SINGLE, OFFSETS, SEPARATOR, UNIFORM

BLOCK = 64
SHORT = 320  # slots; of more, their number is a multiple of BLOCK (see keys.times_powers)
N_BEHIND = 3  # bytes behind the first byte of a character, at most


def lead_numbers() -> np.ndarray:
    """Int32 [256]: what a byte adds to the code point + 1 of the character that it begins; 0 for one that begins none.

    Each of the bytes behind it adds 64 ** k * byte, from which 128 is subtracted here.
    """
    bytes_ = np.arange(256)
    n_behind = np.searchsorted((192, 224, 240), bytes_, side="right")
    numbers = bytes_ - np.array([0, 192, 224, 240])[n_behind]
    for _ in range(N_BEHIND):
        numbers, n_behind = np.where(n_behind > 0, numbers * 64 - 128, numbers), n_behind - 1
    return np.where((bytes_ >= 128) & (bytes_ < 192), 0, numbers + 1).astype("int32")


LEADS = lead_numbers()


def decode_utf8(data: Tensor) -> Tensor:
    """Bytes [B, N] -> float32 [B, N], the code point + 1 of the character that begins at each byte.

    At most 0 where none begins: at a byte of 128 to 191, and where an ill-formed sequence is below U+0000. The bytes
    behind the first are not looked at whether they continue a character: see `rule.code_points`.
    """
    b = ops.cast(data, "float32")
    behind = ops.pad(b, [[0, 0], [0, N_BEHIND]])
    b1, b2, b3 = behind[:, 1:-2], behind[:, 2:-1], behind[:, 3:]
    total = b1
    for first, byte in ((224, b2), (240, b3)):  # 64 * total + byte, where the character is as long
        total = total + at_least(b, first) * (total * 63.0 + byte)
    return look_up(LEADS, data) + at_least(b, 192) * total


def character_numbers(code: Tensor, table: np.ndarray) -> Tensor:
    """Float32 [B, N], code points + 1 -> [B, N]: plus the entries of `rule.character_table`."""
    entry = ops.clip(code, 0.0, BMP + 1.0)
    for first, last in reversed(UNIFORM):  # the entries behind a block move forward
        entry = entry - ops.clip(entry - (first + 1.0), 0.0, float(last - first))
    offsets, kinds = np.unique(table, return_inverse=True)
    kind = tf.gather(kinds.astype("uint8"), ops.cast(entry, "int32"))  # a byte a character in the file
    return code + look_up(offsets.astype("int32"), kind)


def n_slots(n_bytes: Any) -> Any:
    """The number of slots for so many bytes: one in front, one behind; of long texts a multiple of BLOCK."""
    if isinstance(n_bytes, int) and n_bytes + 2 <= SHORT:
        return n_bytes + 2
    return (n_bytes + 2 + BLOCK - 1) // BLOCK * BLOCK


def squeeze(numbers: Tensor, slots: Any) -> Tensor:
    """[B, N] -> [B, T]: the numbers of WORD and SINGLE characters from slot 1 on, 0 for each SEPARATOR and behind.

    A character that vanishes, or a separator, adds 0 to a slot, so that its slot need not be another.
    """
    kept = at_least(numbers, OFFSETS[SEPARATOR])
    slot = ops.cumsum(ops.cast(kept, "int32"), axis=1)
    return scatter(slot, ops.relu(numbers), slots)


def numbers_of(data: Tensor, mode: str, table: np.ndarray) -> Tensor:
    """Bytes [B, N] -> float32 [B, T], the characters' numbers from slot 1 on, 0 for separators; T is `n_slots`."""
    slots = n_slots(length_of(data))
    if mode == "byte":
        b = ops.cast(data, "float32")
        return tf.pad(b + FIRST_SINGLE * ops.minimum(b, 1.0), [[0, 0], [1, slots - length_of(data) - 1]])
    return squeeze(character_numbers(decode_utf8(data), table), slots)


def length_of(x: Tensor) -> Any:
    """Of [B, N]: N, a number if it is known, else a tensor."""
    return tf.shape(x)[1] if x.shape[1] is None else x.shape[1]


def scatter(index: Tensor, values: Tensor, length: Any) -> Tensor:
    """Add values [B, K] to zeros [B, length] at int32 index[b, k] of row b; collisions sum up.

    The rows are concatenated for the scatter, since LiteRT is slow with pairs of row and index.
    """
    n_rows = tf.shape(index)[0] if index.shape[0] is None else index.shape[0]
    if index.shape[0] != 1:
        index = index + tf.range(n_rows)[:, None] * length
    flat = tf.scatter_nd(tf.reshape(index, (-1, 1)), tf.reshape(values, (-1,)), [n_rows * length])
    return tf.reshape(flat, (n_rows, length))
