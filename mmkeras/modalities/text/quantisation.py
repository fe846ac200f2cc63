"""A float table -> codes of 2, 4 or 8 bits, with a scale for each row. NumPy alone.

A row of a linear text model is one n-gram's weights for the classes. Rows differ a hundredfold in size, so one scale
for the table, or one a class, loses the small ones: with 4 bits two points of accuracy on 20 Newsgroups, where a scale
a row loses a hundredth of one (docs/small.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

BITS: Final = (2, 4, 8)
LEVELS: Final = 256  # different scales: a row's scale is a code of one byte
WIDEST: Final = 1e5  # the largest scale over the smallest; rows below it are as good as zeros
CLIPPED: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)  # shares of a row's range that are tried as the codes' range
ROWS: Final = 2**14  # that are quantised at once


@dataclass(frozen=True)
class QuantisedTable:
    """codes: uint8 [rows, width], four, two or one a byte: those of the first columns, `width` of them, in the lowest
    bits, the next ones above them. scales: uint8 [rows], numbers of `levels`, float32 [LEVELS].

    A number of the table is (code - zero) * scale; the zero is in the middle: 2, 8 or 128. In a table whose rows may be
    shifted it is (code - mean code of the row) * scale.
    """

    codes: np.ndarray
    scales: np.ndarray
    levels: np.ndarray


def width_of(dim: int, bits: int) -> int:
    """Bytes of a row's codes."""
    return -(-dim * bits // 8)


def zero_of(bits: int) -> int:
    """The code of 0."""
    return 1 << (bits - 1)


def quantise(table: np.ndarray, bits: int, shifts: bool) -> QuantisedTable:
    """float32 [rows, dim] -> codes and scales, the scale of each row that has the least squared error.

    shifts: may all numbers of a row be shifted by the same amount? The logits of a softmax may: one n-gram's weight is
    high for one class and slightly negative for all others, and without the shift half of the codes would be idle.
    """
    table = np.asarray(table, "float32")
    levels = levels_of(table, bits, shifts)
    codes = np.empty((len(table), table.shape[1]), "uint8")
    scales = np.empty(len(table), "uint8")
    for start in range(0, len(table), ROWS):
        part = slice(start, start + ROWS)
        codes[part], scales[part] = best_codes(table[part], levels, bits, shifts)
    return QuantisedTable(packed_codes(codes, bits), scales, levels)


def _centres(table: np.ndarray, shifts: bool) -> tuple[np.ndarray, np.ndarray]:
    """The middle of each row's codes, and the largest distance from it, [rows, 1] each."""
    if not shifts:
        return np.zeros((len(table), 1), "float32"), np.abs(table).max(axis=1, keepdims=True)
    low, high = table.min(axis=1, keepdims=True), table.max(axis=1, keepdims=True)
    return (low + high) / 2, (high - low) / 2


def levels_of(table: np.ndarray, bits: int, shifts: bool) -> np.ndarray:
    """float32 [LEVELS]: 0, and scales in geometric progression, of which neighbours differ by a few per cent."""
    steps = zero_of(bits) - 0.5  # codes below and above the middle
    _, reach = _centres(table, shifts)
    largest = float(reach.max(initial=0.0)) / steps
    levels = np.zeros(LEVELS, "float32")
    if largest > 0:
        smallest = max(float(reach[reach > 0].min()) / steps * CLIPPED[-1], largest / WIDEST)
        levels[1:] = np.geomspace(smallest, largest, LEVELS - 1)
    return levels


def best_codes(table: np.ndarray, levels: np.ndarray, bits: int, shifts: bool) -> tuple[np.ndarray, np.ndarray]:
    """Codes uint8 [rows, dim] and numbers of levels uint8 [rows], by the least squared error of each row."""
    zero = zero_of(bits)
    centre, reach = _centres(table, shifts)
    # a shifted row's middle lies between two codes: all 2 ** bits of them are used
    middle = zero - 0.5 if shifts else float(zero)
    lowest = 0 if shifts else 1  # without a shift as many codes below the zero as above it
    best = np.full(len(table), np.inf)
    codes = np.full(table.shape, zero, "uint8")
    scales = np.zeros(len(table), "uint8")
    for share in CLIPPED:
        wanted = share * reach[:, 0] / (zero - 0.5 if shifts else zero - 1)
        number = np.clip(np.searchsorted(levels, wanted * 0.9999), 1, LEVELS - 1)  # the next larger scale
        scale = levels[number][:, None]
        tried = np.clip(np.rint((table - centre) / np.where(scale > 0, scale, 1) + middle), lowest, 2 * zero - 1)
        rest = (tried - middle) * scale + centre - table
        if shifts:
            rest -= rest.mean(axis=1, keepdims=True)
        error = np.square(rest).sum(axis=1)
        better = (error < best) & (scale[:, 0] > 0) & (reach[:, 0] > 0)
        best[better] = error[better]
        codes[better], scales[better] = tried[better], number[better]
    return codes, scales


def packed_codes(codes: np.ndarray, bits: int) -> np.ndarray:
    """uint8 [rows, dim] -> [rows, width]."""
    width, per_byte = width_of(codes.shape[1], bits), 8 // bits
    codes = np.pad(codes, ((0, 0), (0, width * per_byte - codes.shape[1])))
    parts = codes.reshape(len(codes), per_byte, width)  # [rows, dim] -> [rows, per_byte, width]
    shifted = parts << (bits * np.arange(per_byte, dtype="uint8"))[:, None]
    return np.bitwise_or.reduce(shifted, axis=1)


def dequantised(quantised: QuantisedTable, dim: int, bits: int, shifts: bool) -> np.ndarray:
    """The numbers that a quantised table stands for, float32 [rows, dim]."""
    places = (bits * np.arange(8 // bits, dtype="uint8"))[:, None]
    parts = quantised.codes[:, None, :] >> places & (2**bits - 1)  # [rows, width] -> [rows, per_byte, width]
    codes = parts.reshape(len(parts), parts.shape[1] * parts.shape[2])[:, :dim]
    numbers = codes.astype("float32")
    numbers -= numbers.mean(axis=1, keepdims=True) if shifts else zero_of(bits)
    return numbers * quantised.levels[quantised.scales][:, None]
