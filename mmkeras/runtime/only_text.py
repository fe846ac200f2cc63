"""A model of one text column, called with one text: the most frequent call, without the steps of other columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.data.columns.column import Column
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.modalities.text.cells import encode_cells


@dataclass(frozen=True)
class OnlyText:
    """The only input of a graph. name: of the input; output: the first output, the one that is asked for."""

    name: str
    column: Column
    max_bytes: int
    output: list[str]

    def text_of(self, row: Any) -> str | None:
        """The text of a row that is a text, or {column: text}; None for any other, which may be at fault."""
        if type(row) is dict and len(row) == 1:
            row = row.get(self.column.name)
        return row if type(row) is str else None

    def inputs(self, text: str) -> dict[str, np.ndarray]:
        """The graph's input, uint8 [1, n], as `cells_of_rows` and `to_arrays` make it."""
        return {self.name: encode_cells([read_raw(text, self.column)], self.max_bytes)}


def only_text(signature: Mapping[str, Any]) -> OnlyText | None:
    """The only input of a graph, where it is the bytes of one text that is always there; else None."""
    spec, *others = signature["inputs"]
    if others or spec["kind"] != "text" or "max_bytes" not in spec or "columns" in spec or "tokenizer" in spec:
        return None
    return OnlyText(spec["name"], Column.read_as(spec), spec["max_bytes"], [signature["outputs"][0]["name"]])
