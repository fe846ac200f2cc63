"""Date cells -> the bytes that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

from mmkeras.data.dates.calendar import ISO, no_date, reader
from mmkeras.data.values.missing import marks_of
from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.text.cells import stack

__all__ = ["read", "sample", "stack"]


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> bytes:
    """A date's bytes, as the column writes dates; empty if the cell is missing. Raises BadCell for any other cell.

    Of ISO 8601 the bytes are cut to those that the graph reads. `notation` in the input_spec: '' or absent is ISO 8601.
    """
    cell = cell.strip()
    marks = (tuple(input_spec.get(key, ())) for key in ("missing", "not_missing"))
    if not cell or cell.casefold() in marks_of(*marks, "date"):
        return b""
    notation = input_spec.get("notation") or ISO
    if reader(notation)(cell) is None:
        raise BadCell(no_date(cell[:40], notation))
    raw = cell.encode()
    return raw[: input_spec["max_bytes"]] if notation == ISO else raw


sample = read
