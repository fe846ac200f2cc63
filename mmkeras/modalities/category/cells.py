"""Category cells -> the bytes a graph takes, by NumPy alone: clients have nothing else."""

from __future__ import annotations

from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.text.cells import encode_cell, stack

__all__ = ["read", "sample", "stack"]


def read(cell: str, entry: InputSpec, root: MediaRoot) -> bytes:
    """A category as UTF-8, without white space around it."""
    return encode_cell(cell.strip(), entry["max_bytes"])


sample = read
