"""tf2onnx's graph made smaller: each change leaves the answers as they were."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from mmkeras.exporting.formats.onnx_graph import ALL, drop_unused, fuse_shifts, simplify
from mmkeras.exporting.formats.onnx_shapes import plain_sizes


def model_of(*slices: tuple[list[int], list[int], list[int]], front: int = 1) -> Any:
    """x [2, n] padded in front along its last axis, then cut: an output for each (starts, ends, axes)."""
    constants = {"pads": [0, front, 0, 0]}
    nodes, outputs = [helper.make_node("Pad", ["x", "pads"], ["padded"])], []
    for k, parts in enumerate(slices):
        names = [f"{part}_{k}" for part in ("starts", "ends", "axes")]
        constants |= dict(zip(names, parts, strict=True))
        nodes.append(helper.make_node("Slice", ["padded", *names], [f"y_{k}"], name=f"slice_{k}"))
        outputs.append(helper.make_tensor_value_info(f"y_{k}", TensorProto.FLOAT, [2, None]))
    initializers = [numpy_helper.from_array(np.array(v, "int64"), name) for name, v in constants.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, None])
    graph = helper.make_graph(nodes, "shifts", [x], outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def answers(proto: Any, x: np.ndarray) -> list[np.ndarray]:
    onnx.checker.check_model(proto, full_check=True)
    return list(onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"x": x}))


@pytest.mark.parametrize(
    ("slices", "left"),
    [
        ([([0], [-1], [1])], ["Pad"]),
        ([([0, 0], [ALL, -2], [0, 1])], ["Pad"]),
        ([([1], [-1], [1])], ["Pad", "Slice"]),
        ([([0], [2], [1])], ["Pad", "Slice"]),
        ([([0], [-1], [1]), ([0], [-2], [1])], ["Pad", "Slice", "Slice"]),
    ],
    ids=["a shift", "along one of two axes", "not from the start", "not from the end", "read twice"],
)
def test_shifts(slices: Any, left: list[str]) -> None:
    x = np.arange(1, 11, dtype="float32").reshape(2, 5)
    before, proto = answers(model_of(*slices), x), model_of(*slices)
    fuse_shifts(proto.graph)
    drop_unused(proto.graph)
    assert [node.op_type for node in proto.graph.node] == left
    for a, b in zip(before, answers(proto, x), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("more", [2, -3])
def test_sizes_are_not_tested(more: int) -> None:
    """That a size is not -1 is known where nothing is taken from it."""
    constants = {"more": more, "minus": -1, "large": 2**31 - 1, "first": 1}
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"]),
        helper.make_node("Slice", ["shape", "first", "ends"], ["n"]),
        helper.make_node("Add", ["n", "more"], ["size"]),
        helper.make_node("Equal", ["minus", "size"], ["all"]),
        helper.make_node("Cast", ["all"], ["is_all"], to=TensorProto.INT64),
        helper.make_node("Mul", ["large", "is_all"], ["product"]),
        helper.make_node("Add", ["size", "product"], ["end"]),
        helper.make_node("Slice", ["table", "zero", "end"], ["y"]),
    ]
    arrays = {name: np.array([v], "int64") for name, v in {**constants, "ends": 2, "zero": 0}.items()}
    initializers = [numpy_helper.from_array(v, k) for k, v in {**arrays, "table": np.arange(9.0)}.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, None])
    y = helper.make_tensor_value_info("y", TensorProto.DOUBLE, [None])
    graph = helper.make_graph(nodes, "sizes", [x], [y], initializers)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    inputs = [np.zeros((2, n), "float32") for n in (1, 2, 3, 5)]
    before = [answers(proto, data)[0] for data in inputs]
    plain_sizes(proto.graph)
    drop_unused(proto.graph)
    assert len(proto.graph.node) == (4 if more > 0 else 8)
    for data, expected in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(answers(proto, data)[0], expected)


def test_fewer_nodes_with_the_same_answer() -> None:
    """Equal nodes are one, a sum with 0 is none, parts that are stacked a Reshape, a product with an inverse a Div."""
    constants = {"zero": np.array([0]), "one": np.array([1]), "ends": np.array([4])}
    nodes = [
        helper.make_node("Add", ["ends", "zero"], ["end"]),
        helper.make_node("Slice", ["x", "zero", "end", "one"], ["a"]),
        helper.make_node("Slice", ["x", "zero", "end", "one"], ["b"]),
        helper.make_node("Sqrt", ["b"], ["root"]),
        helper.make_node("Reciprocal", ["root"], ["inverse"]),
        helper.make_node("Mul", ["a", "inverse"], ["quotient"]),
        helper.make_node("Split", ["quotient"], ["first", "second"], axis=1, num_outputs=2),
        helper.make_node("Unsqueeze", ["first", "one"], ["p"]),
        helper.make_node("Unsqueeze", ["second", "one"], ["q"]),
        helper.make_node("Concat", ["p", "q"], ["y"], axis=1),
    ]
    x = np.random.default_rng(0).uniform(1, 9, (3, 5)).astype("float32")
    made = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2, 2])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    (expected,) = answers(model, x)
    simplify(model.graph)
    assert [node.op_type for node in model.graph.node] == ["Slice", "Sqrt", "Div", "Reshape"]
    np.testing.assert_allclose(answers(model, x)[0], expected, rtol=1e-6)
