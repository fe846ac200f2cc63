"""How a category column is named, described and served. NumPy alone."""

from __future__ import annotations

from typing import Final

from mmkeras.graph import Input
from mmkeras.modalities.text.spec import as_served, served_name, stack_served

__all__ = ["EXAMPLE", "FLAGS", "NAMES_FILES", "as_served", "describe", "served_name", "stack_served"]

EXAMPLE: Final = "a name"
FLAGS: Final[tuple[str, ...]] = ()
NAMES_FILES: Final = False

MAX_BYTES: Final = 256


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    return f"UTF-8, at most {graph_input.max_bytes} bytes"
