"""Category cells -> the bytes that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.modalities.text.cells import encode_cell, stack

__all__ = ["read", "sample", "stack"]


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> bytes:
    """A category as UTF-8, without white space around it."""
    return encode_cell(cell.strip(), input_spec["max_bytes"])


sample = read
