"""A small format, as docs/extending.md shows it: an ONNX file in gzip, about a fifth smaller to download.

Top of the file: what writes it (`exporting.formats.Exporter`), with late imports. Below: what answers, ONNX Runtime alone.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkeras.graph import FLOAT32, Graph
from mmkeras.runtime.runners import OnnxRunner

if TYPE_CHECKING:
    from mmkeras.tasks.assets import Assets

PRECISIONS = (FLOAT32,)


def export(graphs: Mapping[str, Graph], assets: Assets, folder: Path, precision: str = FLOAT32) -> dict[str, Path]:
    """Write folder/<graph>.onnxgz of each graph. Returns their paths."""
    from mmkeras.exporting.formats.onnx import model_of

    paths = {name: folder / f"{name}.onnxgz" for name in graphs}
    for name, graph in graphs.items():
        paths[name].write_bytes(gzip.compress(model_of(graph).SerializeToString(), mtime=0))
    return paths


def callables(path: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Those of the ONNX file inside."""
    from mmkeras.exporting.formats import onnx

    with tempfile.TemporaryDirectory() as scratch:
        return onnx.callables(unpacked(path, Path(scratch)))


def unpacked(path: Path, folder: Path) -> Path:
    """The ONNX file, by the graph's name."""
    plain = folder / f"{path.name.partition('.')[0]}.onnx"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return plain


def open_packed(path: Path, threads: int | None = None) -> OnnxRunner:
    """The Runner of a file."""
    with tempfile.TemporaryDirectory() as scratch:
        return OnnxRunner(unpacked(path, Path(scratch)), threads)
