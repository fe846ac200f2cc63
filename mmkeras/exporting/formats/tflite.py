"""A Graph -> a LiteRT (.tflite) file with builtin ops alone, its contract and labels appended as a zip.

The file has a signature with the Graph's name, of any batch, length and size of picture, and one a length of LENGTHS,
of one row whose pictures have the model's size: LiteRT plans memory for fixed shapes, so resizing for each text would
cost more than the work itself. The signatures share their constants, so that a length costs a few tens of kilobytes.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.errors import InputError
from mmkeras.exporting.formats.tflite_slim import slimmed
from mmkeras.exporting.formats.tflite_tables import Table, gathered, put_back, substituted
from mmkeras.exporting.graph_module import GraphModule
from mmkeras.graph import FLOAT32, Graph, row_signature
from mmkeras.runtime.damage import CONTRACT, DIGESTS, LABELS, digests_behind
from mmkeras.system.malloc import return_freed_memory
from mmkeras.tasks.assets import Assets

PRECISIONS = (FLOAT32,)
LENGTHS = (64, 80, 112, 192, 384, 896, 1792, 4096)
LARGE = 2**23
"""Bytes of weights from which a model is converted in a process of its own."""
RETURNED = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}
"""Variables for malloc of the GNU C library in that process: the converter takes a tenth less memory."""
CONVERTED = "converted.tflite"
CONVERT = f"""
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
sys.path[:], folder, signatures = json.loads(sys.argv[1])
import tensorflow as tf
converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=signatures)
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
with open(os.path.join(folder, {CONVERTED!r}), "wb") as file:
    file.write(converter.convert())
"""
FEWER = (128, 512)  # for graphs with other inputs than texts


def lengths_for(graph: Graph) -> list[int]:
    """The fixed lengths in bytes that get a signature: up to the longest input, inclusive; [0] without byte inputs.

    An empty list where a row's free length is in tokens. Under a size budget the graph says which: of longer texts, the
    signature of any length is called.
    """
    if graph.row_lengths is not None:
        return list(graph.row_lengths)
    if any(i.kind == "pieces" for i in graph.inputs):
        return []
    longest = max(i.max_bytes for i in graph.inputs)
    texts_alone = all(i.max_bytes for i in graph.inputs)
    return [n for n in (LENGTHS if texts_alone else FEWER) if n < longest] + [longest]


def convert(graph: Graph) -> bytes:
    """The .tflite file's bytes. Raises InputError that names the op and the layer LiteRT has no builtin for."""
    tables = gathered(graph)
    model = None
    if tables:
        few_rows = traced_and_converted(graph, tables)
        return_freed_memory()  # of the traces, before the tables are copied
        model = put_back(few_rows, tables)
    return traced_and_converted(graph) if model is None else model


def traced_and_converted(graph: Graph, tables: Sequence[Table] = ()) -> bytes:
    """The .tflite file, with few rows in place of each of the tables. Raises InputError as `convert` does."""

    def few_rows() -> Any:
        return substituted(tables, [tf.constant(table.rows) for table in tables])

    module = GraphModule(graph, without=[table.variable for table in tables])
    signatures = {graph.name: module.function(within=few_rows)}
    for n in lengths_for(graph):
        signatures[row_signature(graph.name, n)] = module.function(1, n, fix=True, within=few_rows)
    with tempfile.TemporaryDirectory() as scratch:
        tf.saved_model.save(module, scratch, signatures=signatures)
        try:
            model = converted(scratch, list(signatures), module)
        except Exception as error:
            raise InputError(unsupported(str(error), signatures[graph.name])) from error
    return slimmed(model) if graph.has_budget else model


def converted(folder: str, signatures: list[str], module: GraphModule) -> bytes:
    """The .tflite file of a SavedModel. A large model is converted in a process of its own: the memory of this one,
    with Keras, the weights and the sample rows, is not added to what the converter takes.
    """
    weights = [variable.value for variable in module.graph.model.variables]
    if sum(weight.shape.num_elements() * weight.dtype.size for weight in weights) < LARGE:
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=signatures)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        with contextlib.redirect_stdout(io.StringIO()):
            return bytes(converter.convert())
    request = json.dumps([sys.path, folder, signatures])
    command = [sys.executable, "-P", "-c", CONVERT, request]
    variables = os.environ | RETURNED
    done = subprocess.run(command, env=variables, capture_output=True, text=True, errors="replace", check=False)
    path = Path(folder) / CONVERTED
    if done.returncode or not path.exists():
        raise RuntimeError(done.stderr.strip() or f"the converter ended with code {done.returncode}")
    return path.read_bytes()


def unsupported(message: str, function: Any) -> str:
    """A converter's error -> a sentence with the ops that are not builtin and the layers they come from."""
    names = sorted(set(re.findall(r"tf\.(\w+)[ (]", message)) | set(re.findall(r"'tf\.(\w+)' op", message)))
    not_builtin = []
    for op in names:
        nodes = [node.name for node in _nodes(function) if node.op == op]
        if nodes:
            layer = nodes[0].rpartition("/")[0] or nodes[0]
            not_builtin.append(f"{op} (in layer {layer})")
    if not not_builtin:
        first_line = next((line for line in message.splitlines() if line.strip()), "no reason given")
        return f"LiteRT cannot convert this graph: {first_line}"
    return (
        f"LiteRT has no builtin for {', '.join(not_builtin)}. Only builtin ops are allowed: others need a "
        "larger runtime that many devices lack. Write the layer with other ops, or export the other formats."
    )


def _nodes(function: Any) -> list[Any]:
    """All nodes of a concrete function and of the functions it calls."""
    graph_def = function.graph.as_graph_def()
    return [*graph_def.node, *(node for f in graph_def.library.function for node in f.node_def)]


def append_metadata(model: bytes, signature: dict[str, Any], labels: tuple[str, ...]) -> memoryview:
    """The flatbuffer with a zip appended, as for TFLite's model metadata: readers of either ignore the other."""
    contents = {LABELS: ("\n".join(labels) + "\n").encode(), CONTRACT: json.dumps(signature, indent=2).encode()}
    archive_bytes = io.BytesIO(model)
    archive_bytes.seek(0, io.SEEK_END)
    with zipfile.ZipFile(archive_bytes, "a") as archive:
        for name, content in {**contents, DIGESTS: digests_behind(model, contents)}.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return archive_bytes.getbuffer()


def export(graphs: Mapping[str, Graph], assets: Assets, folder: Path, precision: str = FLOAT32) -> dict[str, Path]:
    """Write folder/<graph>.tflite of each graph. Returns their paths."""
    paths = {name: folder / f"{name}.tflite" for name in graphs}
    for name, graph in graphs.items():
        signature = {**graph.signature(), "litert_lengths": lengths_for(graph)}
        paths[name].write_bytes(append_metadata(convert(graph), signature, graph.labels))
    return paths


def callables(path: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Inputs and outputs of each signature of a written file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path), num_threads=1)

    def described(tensors: Mapping[str, Any]) -> list[dict[str, Any]]:
        specs = []
        for name, tensor in sorted(tensors.items()):
            sizes = [int(n) if n >= 0 else None for n in tensor["shape_signature"]]
            specs.append({"name": name, "dtype": np.dtype(tensor["dtype"]).name, "shape": sizes})
        return specs

    runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}
    return {
        name: (described(runner.get_input_details()), described(runner.get_output_details()))
        for name, runner in runners.items()
    }
