"""A column of a client's request -> the raw input and its presence: marks of a missing value are missing here too."""

from __future__ import annotations

import re
from typing import Any

import tensorflow as tf

from mmkeras.data.missing import marks_of
from mmkeras.graph import Input
from mmkeras.modalities.text.serving import stripped

Tensor = Any
WORDS = ("text", "category", "date")  # kinds whose cells are sent as strings


def read_request(graph_input: Input, request: Tensor) -> tuple[Tensor, Tensor]:
    """Strings, files or numbers [b] -> raw input [b, …] and presence float32 [b, 1]."""
    serving = graph_input.serving
    if serving is None:
        raise ValueError(f"{graph_input.name} is no input of a request.")
    if graph_input.kind in WORDS and serving.dtype == "string" and "missing" in graph_input.metadata:
        request = without_marks(request, graph_input)
    return serving.read(request)


def without_marks(text: Tensor, graph_input: Input) -> Tensor:
    """String [b]: '' in place of the marks of a missing value."""
    kind = "date" if graph_input.kind == "date" else "category"
    missing, not_missing = (tuple(graph_input.metadata[key]) for key in ("missing", "not_missing"))
    marks = sorted(marks_of(missing, not_missing, kind))
    case = "(?i)" if kind == "date" else ""
    is_mark = tf.strings.regex_full_match(stripped(text), f"{case}(?:{'|'.join(map(re.escape, marks))})")
    return tf.where(is_mark, tf.constant(""), text)
