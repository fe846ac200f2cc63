"""Arrays of any length, as clients send them -> arrays that every graph can read, also one exported before 0.3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.text.cells import cut_rows
from mmkeras.runtime.feeds import Arrays, fill_missing_inputs, pad_bytes


class Limits:
    """The limits of a graph's inputs.

    max_bytes: input of bytes -> the most that are read of a row. only_text: the most of the only input, where that is a
    text, else 0: such a graph answers one text on a short way, the most frequent call, where every microsecond counts.
    """

    def __init__(self, signature: Mapping[str, Any]) -> None:
        self.signature = signature
        self.max_bytes = {i["name"]: i["max_bytes"] for i in signature["inputs"] if "max_bytes" in i}
        is_only = len(signature["inputs"]) == len(self.max_bytes) == 1
        self.only_text: int = next(iter(self.max_bytes.values())) if is_only else 0
        self.pictures = [i["name"] for i in signature["inputs"] if "size" in i]

    def fit(self, inputs: Arrays) -> Arrays:
        """All inputs of the signature (`fill_missing_inputs`), texts within their limits, and at least a byte of each.

        A longer text is cut where the graph cuts it. Graphs before 0.3 do not: they are out of bounds with other
        lengths. Raises InputError for a column that the model needs, and for a picture without pixels.
        """
        inputs = fill_missing_inputs(inputs, self.signature)
        for name in self.pictures:
            if 0 in inputs[name].shape[1:3] and len(inputs[name]):
                height, width = inputs[name].shape[1:3]
                raise InputError(
                    f"{name}: a picture of {height} x {width} has no pixels. Leave out the input where a model takes "
                    "missing cells, or send a picture of any size."
                )
        odd = [name for name, limit in self.max_bytes.items() if not 0 < inputs[name].shape[-1] <= limit]
        if not odd:
            return inputs
        return {**inputs, **{name: pad_bytes(cut(inputs[name], self.max_bytes[name]), 1) for name in odd}}


def cut(data: np.ndarray, max_bytes: int) -> np.ndarray:
    """uint8 [b, …, n] -> uint8 [b, …, at most max_bytes], each cell cut at the boundary of a character."""
    if not data.size:
        return data
    rows = cut_rows(data.reshape(-1, data.shape[-1]), max_bytes)  # [b, …, n] -> [b * …, n]
    return rows.reshape(*data.shape[:-1], rows.shape[1])


def answers_to_no_rows(signature: Mapping[str, Any], output_names: Sequence[str] | None) -> dict[str, np.ndarray]:
    """The outputs of a batch of 0 rows, which not every runtime can compute. Free sizes are 0."""
    described = {output["name"]: output for output in signature["outputs"]}
    return {
        name: np.zeros(
            (0, *(n if isinstance(n, int) else 0 for n in described[name]["shape"][1:])), described[name]["dtype"]
        )
        for name in output_names or described
    }
