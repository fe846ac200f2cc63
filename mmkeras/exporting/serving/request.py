"""A column of a client's request -> the raw input and its presence: marks of a missing value are missing here too."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from mmkeras.data.values.missing import marks_of
from mmkeras.graph import Input, columns_in
from mmkeras.modalities.text.serving import stripped

Tensor = Any
WORDS = ("text", "category", "date")  # kinds whose cells are sent as strings


def read_request(graph_input: Input, request: Tensor) -> tuple[Tensor, Tensor]:
    """Strings, files or numbers [b] -> raw input [b, …] and presence float32 [b, 1]."""
    serving = graph_input.serving
    if serving is None:
        raise ValueError(f"{graph_input.name} is no input of a request.")
    if graph_input.kind in WORDS and serving.dtype == "string":
        request = without_marks(request, graph_input)
    return serving.read(request)


def without_marks(text: Tensor, graph_input: Input) -> Tensor:
    """String [b], or [b, n] of a block: '' in place of the marks of a missing value of the column."""
    kind = "date" if graph_input.kind == "date" else "category"
    columns = columns_in({"kind": kind, **graph_input.metadata})
    marks = [
        tuple(sorted(marks_of(tuple(c["missing"]), tuple(c["not_missing"]), kind))) if "missing" in c else ()
        for c in columns
    ]
    plain, case = stripped(text), "(?i)" if kind == "date" else ""
    for of_column in set(marks) - {()}:  # columns with the same marks share an expression
        is_mark = tf.strings.regex_full_match(plain, f"{case}(?:{'|'.join(map(re.escape, of_column))})")
        if len(columns) > 1:
            is_mark = tf.logical_and(is_mark, tf.constant([other == of_column for other in marks]))
        text = tf.where(is_mark, tf.constant(""), text)
    return text
