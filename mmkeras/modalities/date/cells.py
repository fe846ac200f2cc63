"""Date cells -> the bytes that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

from mmkeras.data.dates import MISSING, NO_DATE, is_date
from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.text.cells import stack

__all__ = ["read", "sample", "stack"]


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> bytes:
    """A date's bytes, cut to those that the graph reads; empty if the cell is. Raises BadCell for any other cell."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return b""
    if not is_date(cell):
        raise BadCell(NO_DATE.format(cell[:40]))
    return cell.encode()[: input_spec["max_bytes"]]


sample = read
