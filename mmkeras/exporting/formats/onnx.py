"""A Graph -> ONNX, in the standard operator set alone, with its contract and labels in metadata_props."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError
from mmkeras.exporting.formats import file_name
from mmkeras.exporting.formats.onnx_graph import simplify
from mmkeras.exporting.formats.onnx_nodes import shorten_names
from mmkeras.exporting.formats.onnx_weights import large_weights, put_back, substituted, weight_specs
from mmkeras.exporting.graph_module import GraphModule
from mmkeras.graph import FLOAT32, Graph
from mmkeras.runtime.damage import write_with_digest
from mmkeras.system.malloc import return_freed_memory
from mmkeras.tasks.assets import Assets

OPSET = 18  # has every op that the models use; runtimes since 2023 have it


def convert(graph: Graph) -> tuple[Any, dict[str, Any]]:
    """tf2onnx's ModelProto, and what is still an input of it: the large weights, and tensors that layers capture.

    Raises InputError when an op has no standard form.
    """
    import tensorflow as tf
    import tf2onnx

    from mmkeras.modalities.text.version2.few_nodes import few_nodes

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    module, weights = GraphModule(graph), large_weights(graph.model)

    # tf2onnx takes inputs and outputs by position, so both are in the Graph's order (a dict would be sorted)
    def call(*tensors: Any) -> list[Any]:
        with few_nodes(large_tables=not graph.has_budget), substituted(weights, tensors[len(graph.inputs) :]):
            outputs = graph.model({i.name: t for i, t in zip(graph.inputs, tensors, strict=False)}, training=False)
        return [tf.identity(outputs[name]) for name in output_names(graph)]

    specs = [tf.TensorSpec(i.sizes(), i.dtype, i.name) for i in graph.inputs] + weight_specs(weights)
    function = tf.function(call, input_signature=specs)
    function.module = module  # keeps the variables alive
    proto, _ = tf2onnx.convert.from_function(
        function, input_signature=specs, opset=OPSET, custom_op_handlers={"SelectV2": (_where, [])}
    )
    inputs = {spec.name: weight.value for spec, weight in zip(weight_specs(weights), weights, strict=True)}
    for tensor, inner in function.get_concrete_function(*specs).graph.captures:
        if tensor.dtype != tf.resource:  # not a variable, which tf2onnx makes a constant
            inputs[inner.name] = tensor
    return proto, inputs


def _where(ctx: Any, node: Any, name: str, args: Any) -> None:
    """tf.where -> Where: tf2onnx would write two multiplications, an addition and three casts."""
    node.type = "Where"


def output_names(graph: Graph) -> list[str]:
    """Names of the outputs in the order of the signature."""
    return [output["name"] for output in graph.outputs]


def check_standard(proto: Any) -> None:
    """Raise InputError naming the ops and layers outside the standard operator set."""
    import onnx

    standard = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    others = {f"{n.op_type} (in {n.name})" for n in proto.graph.node if n.domain or n.op_type not in standard}
    if others:
        names = ", ".join(sorted(others))
        raise InputError(f"ONNX has no standard operator for {names}; write the layer with other ops.")
    onnx.checker.check_model(proto, full_check=True)


def rename_outputs(proto: Any, names: list[str]) -> None:
    """Give the outputs the Graph's names in place of tf2onnx's."""
    for output, name in zip(proto.graph.output, names, strict=True):
        old = output.name
        if old == name:
            continue
        for node in proto.graph.node:
            node.output[:] = [name if o == old else o for o in node.output]
            node.input[:] = [name if i == old else i for i in node.input]
        output.name = name


def export(graphs: Mapping[str, Graph], assets: Assets, folder: Path, precision: str = FLOAT32) -> dict[str, Path]:
    """Write folder/<graph>.onnx of each graph, or <graph>.<precision>.onnx. Returns their paths."""
    paths = {name: folder / file_name(name, precision, "onnx") for name in graphs}
    for name, graph in graphs.items():
        proto = model_of(graph)
        PRECISIONS[precision](proto)
        model = proto.SerializeToString()
        del proto  # it holds the weights too
        write_with_digest(model, paths[name])
    return paths


def model_of(graph: Graph) -> Any:
    """The ONNX ModelProto to be deployed: simplified, of standard operators, with the contract inside."""
    import onnx

    proto, tensors = convert(graph)
    return_freed_memory()  # of TensorFlow's graphs, before the weights come in
    simplify(proto.graph)
    rename_outputs(proto, output_names(graph))
    check_standard(proto)
    put_back(proto, tensors)
    if graph.has_budget:
        shorten_names(proto.graph)
    onnx.helper.set_model_props(
        proto, {"signature": json.dumps(graph.signature(), ensure_ascii=False), "labels": "\n".join(graph.labels)}
    )
    return proto


def as_trained(proto: Any) -> None:
    """float32: the weights stay as they are."""


PRECISIONS: dict[str, Callable[[Any], None]] = {FLOAT32: as_trained}
"""Precision -> a function that changes the finished ModelProto, in place, before it is written."""


def callables(path: Path) -> dict[str, tuple[list[Any], list[Any]]]:
    """Inputs and outputs of a written file: one function, with the graph's name, the file name up to its first dot."""
    import onnx

    graph = onnx.load(str(path), load_external_data=False).graph

    def described(values: Any) -> list[dict[str, Any]]:
        specs = []
        for value in values:
            tensor = value.type.tensor_type
            sizes = [d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim]
            dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
            specs.append({"name": value.name, "dtype": dtype, "shape": sizes if tensor.HasField("shape") else None})
        return specs

    return {path.name.partition(".")[0]: (described(graph.input), described(graph.output))}
