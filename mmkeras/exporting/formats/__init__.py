"""Graphs -> files. A format is a module that fits the protocol Exporter, and a line in `runtime.formats.FORMATS`."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from mmkeras.graph import FLOAT32, Graph
from mmkeras.runtime.formats import FORMATS
from mmkeras.tasks.assets import Assets


class Exporter(Protocol):
    """The interface of a format's module."""

    PRECISIONS: Collection[str]
    """The precisions that it supports. Each has its line in `verification.tolerances.TOLERANCES`."""

    def export(
        self, graphs: Mapping[str, Graph], assets: Assets, folder: Path, precision: str = FLOAT32
    ) -> dict[str, Path]:
        """Write the graphs; other precisions than float32 lie beside it (`file_name`). Returns the path of each."""
        ...

    def callables(self, path: Path) -> dict[str, tuple[list[Any], list[Any]]]:
        """The functions that clients call in a written file: name -> inputs and outputs."""
        ...


def load_exporter(name: str) -> Exporter:
    """The exporter of a format. May import TensorFlow."""
    return cast(Exporter, importlib.import_module(FORMATS[name].exporter))


def file_name(graph: str, precision: str, ending: str) -> str:
    """`predict.onnx`, and at another precision `predict.float16.onnx`."""
    return f"{graph}.{ending}" if precision == FLOAT32 else f"{graph}.{precision}.{ending}"
