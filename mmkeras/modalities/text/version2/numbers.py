"""UTF-8 bytes -> the numbers of their characters, in order and without gaps, inside the graph.

For B texts of N bytes. Everything is a whole number below 2**24 in float32, exact in every runtime (see exact.py). The
two float tables are short: a converter that rounds weights leaves them alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, at_least
from mmkeras.modalities.text.hashing.characters import BMP
from mmkeras.modalities.text.version2.few_nodes import FEW_NODES, LARGE_TABLES
from mmkeras.modalities.text.version2.rule import FIRST_SINGLE, OFFSETS, SEPARATOR, UNIFORM, of_all_characters

BLOCK = 64
SHORT = 320  # slots; of more, their number is a multiple of BLOCK (see keys.times_powers)
N_BEHIND = 3  # bytes behind the first byte of a character, at most


def lead_numbers() -> np.ndarray:
    """Float32 [256]: what a byte adds to the code point + 1 of the character that begins there; 0 where none begins.

    Each of the bytes behind it adds 64 ** k * byte, from which 128 is subtracted here.
    """
    bytes_ = np.arange(256)
    n_behind = np.searchsorted((192, 224, 240), bytes_, side="right")
    numbers = bytes_ - np.array([0, 192, 224, 240])[n_behind]
    for _ in range(N_BEHIND):
        numbers, n_behind = np.where(n_behind > 0, numbers * 64 - 128, numbers), n_behind - 1
    return np.where((bytes_ >= 128) & (bytes_ < 192), 0, numbers + 1).astype("float32")


LEADS = lead_numbers()


def decode_utf8(data: Tensor) -> Tensor:
    """Bytes [B, N] -> float32 [B, N], the code point + 1 of the character that begins at each byte.

    At most 0 where none begins: at a byte of 128 to 191, and where an ill-formed sequence is below U+0000. The bytes
    behind the first are not looked at whether they continue a character: see `rule.code_points`.
    """
    b = ops.cast(data, "float32")
    behind = ops.pad(b, [[0, 0], [0, N_BEHIND]])
    b1, b2, b3 = (all_but(behind, k, N_BEHIND - k) for k in (1, 2, 3))

    total = b1
    for first, byte in ((224, b2), (240, b3)):  # 64 * total + byte, where the character is as long
        total = total + at_least(b, first) * (total * 63.0 + byte)
    return tf.gather(LEADS, ops.cast(data, "int32")) + at_least(b, 192) * total


def character_kinds(code: Tensor, table: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """Code points + 1, float32 [B, N] -> int32 [B, N]: which of the different entries of a table each one has.

    And these entries, int32 [kinds]. table: of `rule.character_table`.
    """
    entry = ops.clip(code, 0.0, BMP + 1.0)
    if LARGE_TABLES.get():
        table = of_all_characters(table)
    else:
        entry = without_blocks(entry)
    entries, kinds = np.unique(table, return_inverse=True)
    kind = tf.gather(kinds.astype("uint8"), ops.cast(entry, "int32"))  # a byte a character in the file
    return ops.cast(kind, "int32"), entries


def character_numbers(code: Tensor, table: np.ndarray) -> Tensor:
    """Float32 [B, N], code points + 1 -> [B, N]: plus the entries of `rule.character_table`."""
    kind, offsets = character_kinds(code, table)
    return code + tf.gather(offsets.astype("float32"), kind)


def without_blocks(entry: Tensor) -> Tensor:
    """Entries of a table of all characters -> of one in which each block of UNIFORM has one entry."""
    if not FEW_NODES.get():
        for first, last in reversed(UNIFORM):  # the entries behind a block move forward
            entry = entry - ops.clip(entry - (first + 1.0), 0.0, float(last - first))
        return entry
    moved = 0.0  # the same, all less by as much
    for first, last in reversed(UNIFORM):
        low = first + 1.0 - moved
        entry = entry - ops.clip(entry, low, low + (last - first))
        moved += low
    return entry + moved


def n_slots(n_bytes: Any) -> Any:
    """The number of slots for so many bytes: one in front, one behind; of long texts a multiple of BLOCK."""
    if FEW_NODES.get() or (isinstance(n_bytes, int) and n_bytes + 2 <= SHORT):
        return n_bytes + 2
    return (n_bytes + (2 + BLOCK - 1)) // BLOCK * BLOCK


def squeeze(numbers: Tensor, slots: Any, n_rows: Any) -> Tensor:
    """[B, N] -> [B, T]: the numbers of WORD and SINGLE characters from slot 1 on, 0 for each SEPARATOR and behind.

    A character that vanishes, or a separator, adds 0 to a slot, so that its slot need not be another.
    """
    kept = at_least(numbers, OFFSETS[SEPARATOR])
    slot = ops.cumsum(ops.cast(kept, "int32"), axis=1)
    return scatter(slot, ops.relu(numbers), slots, n_rows)


def numbers_of(data: Tensor, mode: str, table: np.ndarray) -> Tensor:
    """Bytes [B, N] -> float32 [B, T], the characters' numbers from slot 1 on, 0 for separators; T is `n_slots`."""
    n_bytes = size(data, 1)
    slots = n_slots(n_bytes)
    if mode == "byte":
        b = ops.cast(data, "float32")
        behind = tf.reshape(slots - n_bytes - 1, ())
        return tf.pad(b + FIRST_SINGLE * ops.minimum(b, 1.0), [[0, 0], [1, behind]])
    return squeeze(character_numbers(decode_utf8(data), table), slots, size(data, 0))


def size(x: Tensor, axis: int) -> Any:
    """The size of an axis, a number if it is known, else a tensor int32 [1]: ONNX's shapes are made of such."""
    return tf.shape(x)[axis : axis + 1] if x.shape[axis] is None else x.shape[axis]


def joined(*sizes: Any) -> Any:
    """Sizes, some of them tensors int32 [1] -> a shape."""
    if all(isinstance(n, int) for n in sizes):
        return list(sizes)
    return tf.concat([[n] if isinstance(n, int) else n for n in sizes], axis=0)


def columns(x: Tensor, first: int, count: Any) -> Tensor:
    """[B, K] -> [B, count], from column `first` on.

    LiteRT slices int32 thirty times faster in the form for integers, and hands the other to XNNPACK, for float32 alone.
    """
    if x.dtype == "int32" or not isinstance(count, int):
        return tf.slice(x, [0, first], joined(-1, count))
    return x[:, first : first + count]


def all_but(x: Tensor, first: int, last: int) -> Tensor:
    """[B, K] -> [B, K - first - last], without the first and the last columns."""
    n = x.shape[1]
    return x[:, first : -last or None] if n is None else columns(x, first, n - first - last)


def before(x: Tensor) -> Tensor:
    """[B, K] -> [B, K]: the entry before each entry, 0 for the first."""
    return all_but(tf.pad(x, [[0, 0], [1, 0]]), 0, 1)


def scatter(index: Tensor, values: Tensor, length: Any, n_rows: Any) -> Tensor:
    """Add values [B, K] to zeros [B, length] at int32 index[b, k] of row b; collisions sum up.

    The rows are concatenated for the scatter, since LiteRT is slow with pairs of row and index.
    """
    if n_rows != 1 if isinstance(n_rows, int) else True:
        index = index + tf.range(tf.reshape(n_rows, ()))[:, None] * length
    n = n_rows * length
    flat = tf.scatter_nd(tf.reshape(index, (-1, 1)), tf.reshape(values, (-1,)), [n] if isinstance(n, int) else n)
    return tf.reshape(flat, joined(n_rows, length))


def gathered(x: Tensor, index: Tensor) -> Tensor:
    """[B, K] -> [B, F]: the entries at int32 index[b, f] of row b.

    One row, as the faster functions of a .tflite have, needs no axis of rows: LiteRT copies what it reshapes.
    """
    if x.shape[0] == 1:
        return tf.gather(tf.reshape(x, (-1,)), index)
    return tf.gather(x, index, batch_dims=1)
