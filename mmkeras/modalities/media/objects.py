"""Pictures and clips in memory as cells: what a row of Python has, and what a cell of a written table has."""

from __future__ import annotations

import base64
from typing import Any

from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import BadCell
from mmkeras.modalities import MODALITIES, names_files, objects_of


def data_uri(value: Any) -> str:
    """A picture or a clip in memory as a data URI (RFC 2397) of a file without loss. Raises BadCell."""
    for kind in MODALITIES:
        if names_files(kind) and objects_of(kind).is_held(value):
            media_type, data = objects_of(kind).as_file(value)
            return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
    raise BadCell(
        "expected a text, a number, a date, True, False or None, a picture (a PIL image or an array [height, width, 3])"
        f" or a clip (samples, rate); received {type_in_words(value)}."
    )
