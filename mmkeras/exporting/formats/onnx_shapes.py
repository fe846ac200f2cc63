"""What a graph of tf2onnx computes on shapes: in fewer nodes, and in ONNX's own type."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from mmkeras.exporting.formats.onnx_nodes import attribute, chain_of, drop_identities, makers_of, replace_node

# Operators on shapes, with how many of their inputs are data (0: all); the other inputs are indices
SHAPE_OPS = {"Add": 0, "Sub": 0, "Mul": 0, "Div": 0, "Min": 0, "Concat": 0, "Slice": 1, "Squeeze": 1, "Unsqueeze": 1}


def plain_sizes(graph: Any) -> None:
    """The end of a slice of computed size, from 0 on, is that size: tf2onnx looks whether it is -1, which means all.

    size + LARGE * Cast(size == -1) -> size, where the size is made of a Shape and positive numbers.
    """
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = makers_of(graph)

    def is_size(name: str) -> bool:
        """Is a tensor a part of a shape, plus what is not negative?"""
        if name in constants:
            return bool((constants[name] >= 0).all())
        node = makers.get(name)
        if node is None or node.op_type not in ("Shape", "Cast", "Slice", "Add", "Concat"):
            return False
        return node.op_type == "Shape" or all(map(is_size, node.input[: SHAPE_OPS.get(node.op_type, 0) or None]))

    def is_tested(size: str, other: str) -> bool:
        """Is `other` a product with whether `size` is -1?"""
        for name in (name for node in chain_of(makers, other, "Mul") for name in node.input):
            for test in chain_of(makers, name, "Equal"):
                minus = [constants.get(part) for part in test.input if part != size]
                if len(minus) == 1 and minus[0] is not None and (minus[0] == -1).all():
                    return is_size(size)
        return False

    for node in [n for n in graph.node if n.op_type == "Add" and len(n.input) == 2]:
        first, second = node.input
        for size, other in ((first, second), (second, first)):
            if is_tested(size, other):
                replace_node(graph, node, "Identity", [size])
                break
    drop_identities(graph)


def widen_shapes(graph: Any) -> None:
    """Compute on shapes in int64, ONNX's type of shapes, in place of TensorFlow's int32 between two casts."""
    constants = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.INT32}
    shapes = {node.output[0] for node in graph.node if node.op_type == "Shape"}
    wide: dict[str, str] = {}  # int32 tensor -> the same in int64

    def twin(name: str) -> str | None:
        if name not in wide and name in constants:
            wide[name] = f"{name}_int64"
            numbers = numpy_helper.to_array(constants[name]).astype("int64")
            graph.initializer.append(numpy_helper.from_array(numbers, wide[name]))
        return wide.get(name)

    for node in list(graph.node):
        n_data = SHAPE_OPS.get(node.op_type, 0) or len(node.input)
        if node.op_type == "Cast":
            node.input[0] = wide.get(node.input[0], node.input[0])
            if node.input[0] in shapes and attribute(node, "to", 0) == TensorProto.INT32:
                wide[node.output[0]] = node.input[0]
            elif node.input[0] in shapes and attribute(node, "to", 0) == TensorProto.INT64:
                node.op_type = "Identity"
                del node.attribute[:]
        elif node.op_type in SHAPE_OPS and any(name in wide for name in node.input[:n_data]):
            data = [twin(name) for name in node.input[:n_data]]
            if None not in data:
                wide[node.output[0]] = f"{node.output[0]}_int64"
                shapes.add(wide[node.output[0]])
                copy = NodeProto()
                copy.CopyFrom(node)
                copy.name, copy.output[0] = f"{node.name}_int64", wide[node.output[0]]
                for k, name in enumerate(data):
                    copy.input[k] = name
                graph.node.insert(list(graph.node).index(node), copy)
        elif node.op_type == "Slice" and any(name in wide for name in node.input[1:]):
            indices = [twin(name) for name in node.input[1:]]
            if None not in indices:
                node.input[1:] = indices


def drop_sums_with_zero(graph: Any) -> None:
    """x + 0 -> x, for integers: the ends of a slice from 0 on."""
    zeros = {t.name for t in graph.initializer if "INT" in TensorProto.DataType.Name(t.data_type)}
    arrays = {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.name in zeros}
    zeros = {name for name, array in arrays.items() if array.size == 1 and array.ndim <= 1 and not array.any()}
    for node in [n for n in graph.node if n.op_type == "Add" and zeros.intersection(n.input)]:
        other = next((name for name in node.input if name not in zeros), None)
        if other is not None:
            replace_node(graph, node, "Identity", [other])
    drop_identities(graph)


def zeros_by_padding(graph: Any) -> None:
    """Zeros of the shape [B, N + k] of an integer tensor x [B, N] -> x * 0, padded: 2 nodes in place of 6."""
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    makers = makers_of(graph)

    def sized(name: str, axis: int) -> str:
        """The tensor whose size along an axis this is, or nothing."""
        node = makers.get(name)
        if node is None or node.op_type != "Slice" or [constants.get(n) for n in node.input[1:]] != [axis, axis + 1, 0]:
            return ""
        shape = makers.get(node.input[0])
        return shape.input[0] if shape is not None and shape.op_type == "Shape" else ""

    for node in [n for n in graph.node if n.op_type == "ConstantOfShape"]:
        shape, zero = makers.get(node.input[0]), attribute(node, "value", None)
        if shape is None or shape.op_type != "Concat" or len(shape.input) != 2 or zero is None:
            continue
        total = makers.get(shape.input[1])
        if total is None or total.op_type != "Add" or total.input[1] not in constants:
            continue
        x, more = sized(shape.input[0], 0), constants[total.input[1]]
        table = makers[x].input[0] if x in makers and makers[x].op_type == "Gather" else ""
        value = numpy_helper.to_array(zero)
        if x and x == sized(total.input[0], 1) and more >= 0 and table in constants and not value.any():
            if constants[table].dtype != value.dtype or value.dtype.kind != "i":
                continue
            pads, none = f"{node.name}_pads", f"{node.name}_none"
            graph.initializer.append(numpy_helper.from_array(np.array([0, 0, 0, int(more)], "int64"), pads))
            graph.initializer.append(numpy_helper.from_array(value.reshape(()), none))
            zeros = helper.make_node("Mul", [x, none], [f"{node.name}_zeros"], name=f"{node.name}_zeros")
            graph.node.insert(list(graph.node).index(node), zeros)
            replace_node(graph, node, "Pad", [zeros.output[0], pads])
