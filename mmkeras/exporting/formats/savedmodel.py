"""Graphs -> one SavedModel for TF Serving: `serving_default` takes strings and files, the other signatures arrays."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from mmkeras.exporting.graph_module import GraphModule
from mmkeras.exporting.serving import generate, predict
from mmkeras.graph import FLOAT32, Answers, Graph
from mmkeras.runtime.damage import EXTRA, write_saved_model_digests
from mmkeras.tasks.assets import Assets

PRECISIONS = (FLOAT32,)
SERVING: dict[Answers, Any] = {"numbers": predict, "texts": generate}  # modules with `functions` for clients


def export(graphs: Mapping[str, Graph], assets: Assets, folder: Path, precision: str = FLOAT32) -> dict[str, Path]:
    """Write folder/savedmodel/1, a version folder of TF Serving. Returns it as the path of each graph."""
    root = tf.Module()
    root.parts = {name: GraphModule(graph) for name, graph in graphs.items()}
    functions, root.tracked = SERVING[assets.answers].functions(root.parts, assets)
    contract = {"graphs": {name: graph.signature() for name, graph in graphs.items()}}
    path = folder / "savedmodel" / "1"
    with tempfile.TemporaryDirectory() as scratch:
        root.assets = []
        for name, text in {**assets.texts, "signature.json": json.dumps(contract, indent=2)}.items():
            (Path(scratch) / name).write_text(text, encoding="utf-8")
            root.assets.append(tf.saved_model.Asset(str(Path(scratch) / name)))
        tf.saved_model.save(root, str(path), signatures=functions)
    (path / "fingerprint.pb").unlink(missing_ok=True)  # differs from one export to the next of the same model
    shutil.rmtree(path / EXTRA, ignore_errors=True)
    write_saved_model_digests(path)
    return dict.fromkeys(graphs, path)


def callables(path: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Inputs and outputs of each signature of a written SavedModel."""
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())

    def described(tensors: Any) -> list[dict[str, Any]]:
        return [
            {"name": name, "dtype": tf.dtypes.as_dtype(info.dtype).name, "shape": tf.TensorShape(info.tensor_shape)}
            for name, info in sorted(tensors.items())
        ]

    definitions = {name: s for name, s in proto.meta_graphs[0].signature_def.items() if not name.startswith("__")}
    signatures = {name: (described(s.inputs), described(s.outputs)) for name, s in sorted(definitions.items())}
    for spec in (spec for pair in signatures.values() for specs in pair for spec in specs):
        spec["shape"] = None if spec["shape"].rank is None else spec["shape"].as_list()
    return signatures
