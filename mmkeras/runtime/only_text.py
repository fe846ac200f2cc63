"""A model of one text column, called with one text: the most frequent call, without the steps of other columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.data.columns.column import Column
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.modalities.text.cells import encode_cells


def answer_of_text(runner: Any, output: str) -> Callable[[str], np.ndarray]:
    """A function of a graph's only input, a text: the text -> the row of an output, without the batch.

    runner: of such a graph. The text is cut at the limit, as everywhere, and its missing marks are not looked for.
    """
    spec, names = runner.signature["inputs"][0], [output]
    name, max_bytes = spec["name"], spec["max_bytes"]
    of_text = getattr(runner, "of_text", None)

    def answer(text: str) -> np.ndarray:
        row = of_text(text.encode("utf-8", "replace"), output) if of_text is not None else None
        return runner({name: encode_cells([text], max_bytes)}, names)[output][0] if row is None else row

    return answer


@dataclass(frozen=True)
class OnlyText:
    """The only input of a graph, and its answer: a cell -> the row of the graph's first output."""

    column: Column
    answer: Callable[[str], np.ndarray]

    def text_of(self, row: Any) -> str | None:
        """The text of a row that is a text, or {column: text}; None for any other, which may be at fault."""
        if type(row) is dict and len(row) == 1:
            row = row.get(self.column.name)
        return row if type(row) is str else None

    def __call__(self, text: str) -> np.ndarray:
        """The first output of a text, without the batch: what `cells_of_rows` and `to_arrays` lead to."""
        return self.answer(read_raw(text, self.column))


def only_text(runner: Any) -> OnlyText | None:
    """The only input of a graph, where it is the bytes of one text that is always there; else None."""
    spec, *others = runner.signature["inputs"]
    if others or spec["kind"] != "text" or "max_bytes" not in spec or "columns" in spec or "tokenizer" in spec:
        return None
    return OnlyText(Column.read_as(spec), answer_of_text(runner, runner.signature["outputs"][0]["name"]))
