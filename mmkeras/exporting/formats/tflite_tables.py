"""Large tables bypass LiteRT's converter, which takes ten times the memory of a model's weights.

A table that is only gathered from, by its rows, is converted as one of few rows. In the finished file these rows give
way to the table: its bytes are appended, and the flatbuffer's buffer and the shapes of its tensors lead to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from mmkeras.graph import Graph

LARGE: Final = 2**17
"""Numbers in a table that bypasses the converter, at least."""
ROWS: Final = 16  # of the table that is converted in its place
ALIGNMENT: Final = 16  # bytes; LiteRT's schema forces it for a buffer's data
LONGEST: Final = 2**31  # bytes of a flatbuffer
DATA: Final = 4  # the field of a Buffer in its vtable


@dataclass(frozen=True)
class Table:
    """A variable of the model, and the few rows that are converted in its place, of the same dtype and row shape."""

    variable: Any
    rows: np.ndarray

    def values(self) -> np.ndarray:
        """The variable's values, as they lie in a file."""
        return np.ascontiguousarray(self.variable.value)


def gathered(graph: Graph) -> tuple[Table, ...]:
    """The large tables of a graph whose number of rows nothing depends on: each is read by one gather alone."""
    large = [v for v in graph.model.variables if len(v.shape) > 1 and np.prod(v.shape) >= LARGE and v.shape[0] > ROWS]
    tables = [Table(v, _few_rows(v, seed)) for seed, v in enumerate(large) if v.dtype != "bool"]
    if not tables:
        return ()
    _, tensors = _traced(graph, tables, whole=True)
    kept = tuple(table for table, tensor in zip(tables, tensors, strict=True) if _read_by_one_gather(tensor))
    return kept if kept and _same_with_few_rows(graph, kept) else ()


def _same_with_few_rows(graph: Graph, tables: Sequence[Table]) -> bool:
    """Whether the graph has the same nodes with few rows in place of the tables."""
    try:
        nodes, _ = _traced(graph, tables, whole=False)
    except (ValueError, TypeError, tf.errors.OpError):  # a layer that counts on the number of rows
        return False
    return bool(nodes == _traced(graph, tables, whole=True)[0])


def _few_rows(variable: Any, seed: int) -> np.ndarray:
    """Numbers that are found again in the file: no other constant has them."""
    numbers = np.random.default_rng(seed).integers(1, 127, (ROWS, *variable.shape[1:]))
    return numbers.astype(tf.as_dtype(variable.dtype).as_numpy_dtype)


def _traced(graph: Graph, tables: Sequence[Table], whole: bool) -> tuple[Any, list[Any]]:
    """The graph's nodes with the tables as inputs, of all their rows or of few; and these inputs.

    The shapes of the inputs are left out of the nodes, so that all that follows from them is compared.
    """
    shapes = [table.variable.shape if whole else table.rows.shape for table in tables]
    names = [f"table_{k}" for k in range(len(tables))]

    def call(inputs: Any, tensors: Any) -> Any:
        with substituted(tables, tensors):
            return graph.model(inputs, training=False)

    specs = {i.name: tf.TensorSpec(i.sizes(), i.dtype, i.name) for i in graph.inputs}
    given = [tf.TensorSpec(s, t.variable.dtype, n) for s, t, n in zip(shapes, tables, names, strict=True)]
    function = tf.function(call, autograph=False).get_concrete_function(specs, given)
    nodes = function.graph.as_graph_def()
    for node in nodes.node:
        if node.name in names:
            del node.attr["shape"], node.attr["_user_specified_name"]
    return nodes, [function.graph.get_tensor_by_name(f"{name}:0") for name in names]


def _read_by_one_gather(tensor: Any) -> bool:
    """Whether one op alone reads a tensor, and gathers its rows."""
    consumers = tensor.consumers()
    if len(consumers) != 1 or consumers[0].type != "GatherV2":
        return False
    (gather,) = consumers
    axis = tf.get_static_value(gather.inputs[2])
    return (
        gather.inputs[0] is tensor
        and gather.inputs[1] is not tensor
        and axis == 0
        and not gather.get_attr("batch_dims")
    )


def substituted(tables: Sequence[Table], tensors: Sequence[Any]) -> Any:
    """A context in which the tensors stand for the tables."""
    scope = keras.StatelessScope()
    for table, tensor in zip(tables, tensors, strict=True):
        scope.add_update((table.variable, tensor))  # a mapping would have to have the variable's number of rows
    return scope


def put_back(model: bytes, tables: Sequence[Table]) -> bytes | None:
    """The file with the tables in place of their few rows; None where the converter has made something else of them."""
    from tensorflow.lite.python import schema_py_generated as schema

    file = bytearray(model)
    root = schema.Model.GetRootAs(file)
    parts: list[Any] = [file]
    end = len(file)
    found = [_found(root, table.rows) for table in tables]  # before the first buffer leads behind the end of the file
    for table, buffer in zip(tables, found, strict=True):
        tensors = []
        for k in range(root.SubgraphsLength()):
            tensor = _only_gathered(schema, root, root.Subgraphs(k), buffer)
            if tensor is None or tensor.ShapeAsNumpy().tolist() != list(table.rows.shape):
                return None
            tensors.append(tensor)
        values = table.values()
        for tensor in tensors:
            tensor.ShapeAsNumpy()[0] = len(values)  # a view of the file
        start = end + (-end - 4) % ALIGNMENT  # of the vector: its length, then its bytes
        place = root.Buffers(buffer)._tab.Pos + root.Buffers(buffer)._tab.Offset(DATA)
        file[place : place + 4] = (start - place).to_bytes(4, "little")
        parts += [bytes(start - end), values.nbytes.to_bytes(4, "little"), values.data.cast("B")]
        end = start + 4 + values.nbytes
    return b"".join(parts) if end < LONGEST else None


def _found(root: Any, rows: np.ndarray) -> int:
    """The number of the buffer that holds these rows; -1 where there is no such buffer, or more than one."""
    numbers = [
        k
        for k in range(root.BuffersLength())
        if root.Buffers(k).DataLength() == rows.nbytes and root.Buffers(k).DataAsNumpy().tobytes() == rows.tobytes()
    ]
    return numbers[0] if len(numbers) == 1 else -1


def _only_gathered(schema: Any, root: Any, subgraph: Any, buffer: int) -> Any:
    """The tensor of a subgraph with this buffer, where it is one and only GATHER reads it, by its rows; else None."""
    numbers = [k for k in range(subgraph.TensorsLength()) if subgraph.Tensors(k).Buffer() == buffer]
    if len(numbers) != 1:
        return None
    for operator in (subgraph.Operators(k) for k in range(subgraph.OperatorsLength())):
        places = [k for k in range(operator.InputsLength()) if operator.Inputs(k) == numbers[0]]
        if not places:
            continue
        code = root.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()
        if places != [0] or code != schema.BuiltinOperator.GATHER:
            return None
        options = schema.GatherOptions()
        options.Init(operator.BuiltinOptions().Bytes, operator.BuiltinOptions().Pos)
        if options.Axis() or options.BatchDims():
            return None
    return subgraph.Tensors(numbers[0])
