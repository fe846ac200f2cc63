"""tf2onnx's graph -> an equivalent graph of fewer nodes, whose number decides a short text's time in ONNX Runtime.

Each function changes a GraphProto in place and leaves nodes in an unexpected form alone: the result is verified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from mmkeras.exporting.formats.onnx_decoding import decode_by_convolution
from mmkeras.exporting.formats.onnx_nodes import attribute, chain_of, drop_identities, makers_of, replace_node
from mmkeras.exporting.formats.onnx_shapes import drop_sums_with_zero, plain_sizes, widen_shapes, zeros_by_padding

ALL = 2**31 - 1  # the end of a slice that takes all entries


def simplify(graph: Any) -> None:
    """Apply all functions below, in an order in which each works on the result of the one before."""
    scatter_rows(graph)
    gather_rows(graph)
    fuse_clips(graph)
    plain_sizes(graph)
    widen_shapes(graph)
    drop_identities(graph)
    fuse_shifts(graph)
    drop_sums_with_zero(graph)
    merge_equal(graph)
    stack_of_parts(graph)
    divide(graph)
    sum_squares(graph)
    zeros_by_padding(graph)
    decode_by_convolution(graph)
    drop_unused(graph)


def _uses(graph: Any) -> Counter[str]:
    """Name of a tensor -> how often it is read."""
    uses = Counter(name for node in graph.node for name in node.input)
    uses.update(output.name for output in graph.output)
    return uses


def _is_int32(name: str, makers: dict[str, Any], integers: Collection[str]) -> bool:
    """Is a tensor surely int32? integers: constants that are."""
    while name in makers and makers[name].op_type in ("Concat", "CumSum", "Slice", "Squeeze", "Unsqueeze"):
        name = makers[name].input[0]
    if name in makers and makers[name].op_type == "Gather":
        return makers[name].input[0] in integers
    return name in makers and makers[name].op_type == "Cast" and attribute(makers[name], "to", 0) == TensorProto.INT32


def _is_row(makers: dict[str, Any], name: str) -> bool:
    """Is a tensor the offset of each row: a Range, as a column, times the rows' length?"""
    return bool(chain_of(makers, name, "Mul", "Slice", "Unsqueeze", "Range"))


def scatter_rows(graph: Any) -> None:
    """`exact.scatter`, which writes into flattened rows -> ScatterElements along each row, with addition.

    TensorFlow's ScatterNd adds values of the same index, tf2onnx's ScatterND keeps one of them: a ScatterND of another
    form is at least changed to add.
    """
    makers = makers_of(graph)
    readers = {name: node for node in graph.node for name in node.input}
    for node in [n for n in graph.node if n.op_type == "ScatterND"]:
        chain = chain_of(makers, node.input[1], "Reshape", "Add")
        values, rows = makers.get(node.input[2]), readers.get(node.output[0])
        if chain and values is not None and rows is not None and values.op_type == rows.op_type == "Reshape":
            places = [name for name in chain[-1].input if name in makers and not _is_row(makers, name)]
            if len(places) == 1:
                zeros = NodeProto()  # of the same type
                zeros.CopyFrom(makers[node.input[0]])
                zeros.name = zeros.output[0] = f"{rows.name}_zeros"
                zeros.input[0] = rows.input[1]
                graph.node.insert(list(graph.node).index(rows), zeros)
                inputs = [zeros.output[0], places[0], values.input[0]]
                replace_node(graph, rows, "ScatterElements", inputs, axis=1, reduction="add")
                continue
        if not attribute(node, "reduction", b""):
            node.attribute.append(helper.make_attribute("reduction", "add"))


def gather_rows(graph: Any) -> None:
    """GatherND of single numbers, `tf.gather` with batch_dims -> GatherElements, which needs no list of indices."""
    makers = makers_of(graph)
    integers = {tensor.name for tensor in graph.initializer if tensor.data_type == TensorProto.INT32}
    for node in [n for n in graph.node if n.op_type == "GatherND"]:
        axis, chain = attribute(node, "batch_dims", 0), chain_of(makers, node.input[1], "Unsqueeze")
        if axis and chain:
            index = chain[0].input[0]
            before = makers[index].input[0] if index in makers and makers[index].op_type == "Cast" else ""
            if _is_int32(before, makers, integers):  # GatherND needs int64
                index = before
            replace_node(graph, node, "GatherElements", [node.input[0], index], axis=axis)


def fuse_clips(graph: Any) -> None:
    """Max(Min(x, high), low) -> Clip(x, low, high)."""
    constants = {tensor.name for tensor in graph.initializer}
    uses, makers = _uses(graph), makers_of(graph)
    for node in [n for n in graph.node if n.op_type == "Max" and len(n.input) == 2]:
        inner = makers.get(node.input[0])
        if inner is None or inner.op_type != "Min" or len(inner.input) != 2 or uses[node.input[0]] != 1:
            continue
        if constants.issuperset(bounds := [node.input[1], inner.input[1]]):
            replace_node(graph, node, "Clip", [inner.input[0], *bounds])
            graph.node.remove(inner)


def fuse_shifts(graph: Any) -> None:
    """A Pad in front and a Slice that drops the last entries, as in `exact.previous` -> a Pad with a negative end."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    uses, makers = _uses(graph), makers_of(graph)
    for node in [n for n in graph.node if n.op_type == "Slice" and len(n.input) == 4]:
        pad = makers.get(node.input[0])
        if pad is None or pad.op_type != "Pad" or uses[node.input[0]] != 1 or len(pad.input) != 2:
            continue
        if not constants.keys() >= {pad.input[1], *node.input[1:]}:
            continue
        starts, ends, axes = (constants[name].ravel() for name in node.input[1:])
        if not starts.any() and all(end < 0 or end >= ALL for end in ends):
            pads = constants[pad.input[1]].copy()  # at the start of each axis, then at the end of each
            pads[len(pads) // 2 + axes] += np.where(ends < 0, ends, 0)
            graph.initializer.append(numpy_helper.from_array(pads, f"{node.name}_pads"))
            replace_node(graph, node, "Pad", [pad.input[0], f"{node.name}_pads"])
            graph.node.remove(pad)


def drop_unused(graph: Any) -> None:
    """Remove nodes and constants that nothing reads."""
    used = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):  # a graph's nodes are sorted: readers come after the nodes that they read
        if used.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            used.update(node.input)
    for tensor in [t for t in graph.initializer if t.name not in used]:
        graph.initializer.remove(tensor)


def merge_equal(graph: Any) -> None:
    """Nodes of the same operator, inputs and attributes -> one of them."""
    first: dict[bytes, Any] = {}
    outputs = {output.name for output in graph.output}
    instead: dict[str, str] = {}
    for node in list(graph.node):  # in topological order
        node.input[:] = [instead.get(name, name) for name in node.input]
        bare = NodeProto()
        bare.CopyFrom(node)
        bare.name = ""
        bare.output[:] = []
        kept = first.setdefault(bare.SerializeToString(deterministic=True), node)
        if kept is not node and len(kept.output) == len(node.output) and not outputs.intersection(node.output):
            instead |= dict(zip(node.output, kept.output, strict=True))
            graph.node.remove(node)


def stack_of_parts(graph: Any) -> None:
    """A tensor split into equal parts along axis 1, which are stacked as axis 1 -> a Reshape."""
    makers, uses = makers_of(graph), _uses(graph)
    for node in [n for n in graph.node if n.op_type == "Concat" and attribute(n, "axis", 0) == 1]:
        parts = [makers[name] for name in node.input if name in makers and makers[name].op_type == "Unsqueeze"]
        if len(parts) != len(node.input):
            continue
        axes = {part.input[1] for part in parts}
        splits = {makers[part.input[0]].name for part in parts if part.input[0] in makers}
        constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        split = makers.get(parts[0].input[0])
        if len(axes) != 1 or len(splits) != 1 or split is None or split.op_type != "Split" or len(split.input) > 1:
            continue
        in_order = list(split.output) == [part.input[0] for part in parts]
        alone = all(uses[name] == 1 for name in [*split.output, *node.input])
        if (
            in_order
            and alone
            and attribute(split, "axis", 0) == 1
            and constants.get(axes.pop(), np.zeros(0)).tolist() == [1]
        ):
            shape = numpy_helper.from_array(np.array([0, len(parts), -1]), f"{node.name}_shape")  # 0: as it is
            graph.initializer.append(shape)
            replace_node(graph, node, "Reshape", [split.input[0], shape.name])


def divide(graph: Any) -> None:
    """x * Reciprocal(y) -> x / y."""
    makers, uses = makers_of(graph), _uses(graph)
    for node in [n for n in graph.node if n.op_type == "Mul"]:
        for k in (0, 1):
            inverse = makers.get(node.input[k])
            if inverse is not None and inverse.op_type == "Reciprocal" and uses[node.input[k]] == 1:
                replace_node(graph, node, "Div", [node.input[1 - k], inverse.input[0]])
                break


def sum_squares(graph: Any) -> None:
    """ReduceSum(x * x) -> ReduceSumSquare(x)."""
    makers = makers_of(graph)
    for node in [n for n in graph.node if n.op_type == "ReduceSum"]:
        square = makers.get(node.input[0])
        if square is not None and square.op_type == "Mul" and square.input[0] == square.input[1]:
            attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            replace_node(graph, node, "ReduceSumSquare", [square.input[0], *node.input[1:]], **attributes)
