"""Arrays of whole numbers as JSON: the tables of a layer, in the config that Keras saves and rebuilds it from.

The tables determine a layer's answers as its other arguments do. So a layer that is made from the config of another,
by `clone_model` too, answers as that one.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

DTYPES: Final = ("int16", "int32", "int64")
LEVEL: Final = 1
"""Of zlib: a higher one takes four times as long and saves a tenth."""


def packed(array: np.ndarray, differences: bool = False) -> dict[str, Any]:
    """An array as JSON, compressed; the inverse of `unpacked`.

    differences: write the difference of each number to the one before, for tables whose numbers mostly count up.
    """
    numbers = np.ascontiguousarray(array)
    if differences:
        numbers = np.diff(numbers.ravel(), prepend=numbers.dtype.type(0))
    text = base64.b64encode(zlib.compress(numbers.data, LEVEL)).decode("ascii")
    return {"dtype": str(array.dtype), "shape": list(array.shape), "differences": differences, "zlib": text}


def unpacked(value: Mapping[str, Any]) -> np.ndarray:
    """The array of `packed`. Raises ValueError for a value that is not of the form, or does not fit its shape."""
    dtype, shape = value["dtype"], tuple(value["shape"])
    if dtype not in DTYPES or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"expected one of {', '.join(DTYPES)} and a shape of whole numbers, received {dtype}, {shape}")
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    content = zlib.decompressobj().decompress(base64.b64decode(value["zlib"]), n_bytes + 1)
    if len(content) != n_bytes:
        raise ValueError(f"expected {n_bytes:,} bytes of {dtype} {shape}, received {len(content):,}")
    numbers = np.frombuffer(content, dtype)
    return (np.cumsum(numbers, dtype=dtype) if value["differences"] else numbers).reshape(shape)
