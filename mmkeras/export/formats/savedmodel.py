"""A Graph -> SavedModel for TF Serving: strings and files in `serving_default`, other formats' arrays in `tensors`."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

from mmkeras.export.graph_module import GraphModule
from mmkeras.export.serving.predict import serving_function
from mmkeras.graph import Graph


def export(graph: Graph, folder: Path) -> Path:
    """Write folder/savedmodel/1, the numbered version folder that TF Serving wants. Returns its path."""
    module = GraphModule(graph)
    path = folder / "savedmodel" / "1"
    with tempfile.TemporaryDirectory() as scratch:
        assets = {
            "labels.txt": "\n".join(graph.labels) + "\n",
            "signature.json": json.dumps(graph.signature(), indent=2),
        }
        module.assets = []
        for name, text in assets.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
            module.assets.append(tf.saved_model.Asset(str(Path(scratch) / name)))
        signatures = {"serving_default": serving_function(module), "tensors": module.function()}
        tf.saved_model.save(module, str(path), signatures=signatures)
    (path / "fingerprint.pb").unlink(missing_ok=True)  # differs from one export to the next of the same model
    shutil.rmtree(path / "assets.extra", ignore_errors=True)
    return path
