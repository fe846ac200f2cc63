"""Whether layers are called for a runtime in which each node has a price, ONNX Runtime: larger tables, fewer nodes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

FEW_NODES: ContextVar[bool] = ContextVar("few_nodes", default=False)
LARGE_TABLES: ContextVar[bool] = ContextVar("large_tables", default=False)


@contextlib.contextmanager
def few_nodes(large_tables: bool = False) -> Iterator[None]:
    """A context in which layers are called with fewer operations and larger tables: 33 kB of powers of all slots.

    large_tables: 47 kB more, of all characters, and half a byte a feature.
    """
    tokens = FEW_NODES.set(True), LARGE_TABLES.set(large_tables)
    try:
        yield
    finally:
        FEW_NODES.reset(tokens[0])
        LARGE_TABLES.reset(tokens[1])
