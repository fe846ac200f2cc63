"""Date cells -> what a graph takes, by NumPy alone: clients have nothing else."""

from __future__ import annotations

from mmkeras.data.dates import MISSING, NO_DATE, is_date
from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.text.cells import stack

__all__ = ["read", "sample", "stack"]


def read(cell: str, entry: InputSpec, root: MediaRoot) -> bytes:
    """A date's bytes, as far as they are read."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return b""
    if not is_date(cell):
        raise BadCell(NO_DATE.format(cell[:40]))
    return cell.encode()[: entry["max_bytes"]]


sample = read
