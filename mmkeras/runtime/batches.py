"""Rows -> batches of rows of like length, which hold little padding and have few shapes.

A runtime plans its memory anew for each shape, and a batch is as slow as if all of its texts were as long as its
longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities import names_files
from mmkeras.runtime.feeds import Arrays, Values, bytes_in, columns_of, pad_bytes, to_arrays

BYTES: Final = 2**16
"""Of the texts of a batch, padded, where the Runner does not say (`batch_bytes`)."""
MOST: Final = 256  # rows of a batch
OF_FILES: Final = 32  # rows of a batch of pictures or clips, which are large
SHORTEST: Final = 16  # bytes that a batch of texts is padded to at least
OF_A_TOKEN: Final = 4  # bytes that a token of a text counts as
STEPS: Final = 8  # lengths between two powers of 2


def batches(
    values: Values, inputs: Sequence[InputSpec], count: int, most_bytes: int = BYTES
) -> Iterator[tuple[np.ndarray, dict[str, Any]]]:
    """The rows as batches: the indices of a batch's rows, int [b], and its arrays by input.

    values: of `count` rows, by input. Every row is in one batch; rows of like length are together.
    """
    lengths = text_bytes(values, inputs, count)
    order = np.argsort(lengths, kind="stable")
    most = OF_FILES if any(names_files(spec["kind"]) for spec in columns_of(inputs)) else MOST
    start = 0
    while start < count:
        rows = order[start : start + min(most, max(1, most_bytes // rounded(int(lengths[order[start]]))))]
        start += len(rows)
        arrays = to_arrays(values, inputs, rows.tolist())
        yield rows, arrays if len(rows) == 1 else with_few_shapes(arrays, inputs)


def text_bytes(values: Values, inputs: Sequence[InputSpec], count: int) -> np.ndarray:
    """int [count]: the bytes of each row's texts, those of a block padded to the longest."""
    lengths = np.zeros(count, "int64")
    for spec in columns_of(inputs):
        if "max_bytes" in spec:
            columns = len(spec.get("columns", (0,)))
            lengths += columns * np.array([bytes_in(value) for value in values[spec["name"]]], "int64")
        elif "padding" in spec:
            lengths += [0 if ids is None else OF_A_TOKEN * len(ids) for ids in values[spec["name"]]]
    return lengths


def with_few_shapes(arrays: Arrays, inputs: Sequence[InputSpec]) -> dict[str, Any]:
    """The arrays of a batch, with texts padded to one of a few lengths."""
    padded = dict(arrays)
    for spec in columns_of(inputs):
        name = spec["name"]
        if "max_bytes" in spec and padded[name].dtype == "uint8":
            padded[name] = pad_bytes(padded[name], min(rounded(padded[name].shape[-1]), spec["max_bytes"]))
    return padded


def rounded(length: int) -> int:
    """The next of a few lengths: multiples of an eighth of the power of 2 below."""
    if length <= SHORTEST:
        return SHORTEST
    step = max(1, (1 << (length - 1).bit_length() - 1) // STEPS)
    return -(-length // step) * step
