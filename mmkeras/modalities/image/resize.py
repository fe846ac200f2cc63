"""Pixels of any size -> a square of whole numbers, by arithmetic that is exact in every runtime.

Each format has a bilinear resize of its own, and each computes positions in float32 in another order: on a picture of
3,024 x 4,032 pixels ONNX Runtime's is up to 4e-4 away from TensorFlow's (in units of half the range), so that answers
equal to 1e-5 cannot be had. Here positions are integers, shares are whole 32nds and sums stay below 2**24. So float32
holds every step exactly, and the answer is the same to the last bit, in NumPy here and in `layers.Resize` in every
format. It is rounded to uint8: features on disk take a quarter of the room. A picture of the right size is left as it
is: a client that has resized already gets the same answer, be it to send less or to join many sizes in one batch.

What is computed: half-pixel centres, bilinear. Where a picture shrinks, TAPS x TAPS such samples are averaged, spread
over what a pixel of the result covers; else the fine patterns of a photograph become noise. The whole picture is
stretched to the square: a crop loses what stands at the edge, bars spend pixels on nothing, and the pictures of one
column mostly have one shape, to which a network gets used.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

TAPS: Final = 4  # samples along each axis
UNITS: Final = 32  # a sample takes a whole number of 32nds of each of two neighbours
SUM: Final = (TAPS * UNITS) ** 2  # what the shares of one result add up to; 255 times that is below 2**24


def samples(length: Any, size: int, xp: Any) -> tuple[Any, Any]:
    """Which pixels of an axis a result is made of: int32 indices [size * 2 * TAPS] and shares [size, 2 * TAPS].

    length: pixels of the picture along the axis, an integer or an int32 scalar; xp: numpy or tensorflow.

    Sample k of result i lies at (i + 1/2) * length / size - 1/2 + ((k + 1/2) / TAPS - 1/2) * max(length / size - 1, 0).
    That is computed in units of 1 / (2 * TAPS * size), which int32 holds up to a length of 10**6 for a size of 256.
    """
    unit = 2 * TAPS * size
    result, tap = (axis.astype("int32") for axis in np.mgrid[0:size, 0:TAPS])  # [size, TAPS] each
    place = (2 * result + 1) * TAPS * length - TAPS * size + (2 * tap + 1 - TAPS) * xp.maximum(length - size, 0)
    place = xp.minimum(xp.maximum(place, 0), (length - 1) * unit)
    before = place // unit
    share = ((place - before * unit) * UNITS + unit // 2) // unit
    indices = xp.stack([before, xp.minimum(before + 1, length - 1)], axis=2)  # [size, TAPS, 2]
    shares = xp.stack([UNITS - share, share], axis=2)
    return xp.reshape(indices, (-1,)), xp.reshape(shares, (size, 2 * TAPS))


def resize_pixels(pixels: np.ndarray, size: int) -> np.ndarray:
    """Uint8 [height, width, 3] -> uint8 [size, size, 3], equal to what `layers.Resize` makes of it."""
    if pixels.shape[:2] == (size, size):
        return pixels
    sums = _shrink_rows(_shrink_rows(pixels, size).transpose(1, 0, 2), size).transpose(1, 0, 2)
    return np.floor(sums * np.float32(1 / SUM) + np.float32(0.5)).astype("uint8")


def _shrink_rows(pixels: np.ndarray, size: int) -> np.ndarray:
    """[n, m, 3] -> sums of shares, float32 [size, m, 3]."""
    indices, shares = samples(np.int32(len(pixels)), size, np)
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)  # [n, m * 3]
    sums = np.empty((size, flat.shape[1]), "float32")
    # row by row: what is gathered stays in the cache, which is three times as fast as all at once
    for row, index, share in zip(sums, indices.reshape(size, -1), shares.astype("float32"), strict=True):
        np.dot(share, flat[index].astype("float32"), out=row)
    return sums.reshape(size, *pixels.shape[1:])
