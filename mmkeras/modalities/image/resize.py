"""Pixels of any size -> a square of whole numbers, by arithmetic that is exact in every runtime.

Each format's bilinear resize computes positions in float32 in another order: on a picture of 3,024 x 4,032 pixels that
of ONNX Runtime differs from TensorFlow's by up to 4e-4 (in units of half the range), too much for answers that agree to
1e-5. Here positions are integers, weights are whole 32nds and sums stay below 2**24. So every step is exact in float32,
and the result is bit-identical in NumPy here and in `layers.Resize` in every format. It is rounded to uint8, so that
features on disk take a quarter of the space. A picture of the right size is returned unchanged, so that a client may
resize before it sends a picture, to send less or to put many sizes into one batch, and gets the same answer.

The computation: half-pixel centres, bilinear. If a picture shrinks, TAPS x TAPS such samples are averaged, spread over
the area of a result's pixel; otherwise the fine patterns of a photograph would become noise. The whole picture is
stretched to the square: a crop would lose the edges, bars would waste pixels, and the pictures of one column mostly
have the same aspect ratio.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

TAPS: Final = 4  # samples along each axis
UNITS: Final = 32  # the weights of a sample's two neighbours are whole 32nds
SUM: Final = (TAPS * UNITS) ** 2  # the sum of the weights of one result; 255 times that is below 2**24


def sampling_weights(length: Any, size: int, xp: Any) -> tuple[Any, Any]:
    """The pixels of an axis that each result sums: int32 indices [size * 2 * TAPS] and shares [size, 2 * TAPS].

    length: pixels of the picture along the axis, an integer or an int32 scalar; xp: numpy or tensorflow.

    Sample k of result i lies at (i + 1/2) * length / size - 1/2 + ((k + 1/2) / TAPS - 1/2) * max(length / size - 1, 0).
    That is computed in units of 1 / (2 * TAPS * size), which int32 holds up to a length of 10**6 for a size of 256.
    """
    unit = 2 * TAPS * size
    result, tap = (axis.astype("int32") for axis in np.mgrid[0:size, 0:TAPS])  # [size, TAPS] each
    position = (2 * result + 1) * TAPS * length - TAPS * size + (2 * tap + 1 - TAPS) * xp.maximum(length - size, 0)
    position = xp.minimum(xp.maximum(position, 0), (length - 1) * unit)
    before = position // unit
    share = ((position - before * unit) * UNITS + unit // 2) // unit
    indices = xp.stack([before, xp.minimum(before + 1, length - 1)], axis=2)  # [size, TAPS, 2]
    shares = xp.stack([UNITS - share, share], axis=2)
    return xp.reshape(indices, (-1,)), xp.reshape(shares, (size, 2 * TAPS))


def resize_pixels(pixels: np.ndarray, size: int) -> np.ndarray:
    """Uint8 [height, width, 3] -> uint8 [size, size, 3], equal to the result of `layers.Resize`."""
    if pixels.shape[:2] == (size, size):
        return pixels
    sums = _shrink_rows(_shrink_rows(pixels, size).transpose(1, 0, 2), size).transpose(1, 0, 2)
    return np.floor(sums * np.float32(1 / SUM) + np.float32(0.5)).astype("uint8")


def _shrink_rows(pixels: np.ndarray, size: int) -> np.ndarray:
    """[n, m, 3] -> weighted sums of rows, float32 [size, m, 3]."""
    indices, shares = sampling_weights(np.int32(len(pixels)), size, np)
    flat = np.ascontiguousarray(pixels).reshape(len(pixels), -1)  # [n, m * 3]
    sums = np.empty((size, flat.shape[1]), "float32")
    # row by row: the gathered rows stay in the cache, which is three times as fast as all at once
    for row, index, share in zip(sums, indices.reshape(size, -1), shares.astype("float32"), strict=True):
        np.dot(share, flat[index].astype("float32"), out=row)
    return sums.reshape(size, *pixels.shape[1:])
