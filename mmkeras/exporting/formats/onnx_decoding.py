"""The decoding of UTF-8 in an ONNX graph, `version2.numbers.decode_utf8`, as a convolution: 8 nodes in place of 19."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from mmkeras.exporting.formats.onnx_nodes import makers_of
from mmkeras.modalities.text.version2.numbers import LEADS, N_BEHIND

N_BEHIND_OF = np.searchsorted((192, 224, 240), np.arange(256), side="right").astype("int32")
"""int32 [256]: how many bytes behind a byte belong to the character that begins with it; 0 where none begins."""


def behind_kernels() -> np.ndarray:
    """Float32 [4, 1, 4], a convolution: channel k is what the k bytes behind each byte add to a code point + 1."""
    kernels = np.zeros((N_BEHIND + 1, 1, N_BEHIND + 1), "float32")
    for k in range(1, N_BEHIND + 1):
        kernels[k, 0, 1 : k + 1] = 64.0 ** np.arange(k - 1, -1, -1)
    return kernels


def decode_by_convolution(graph: Any) -> None:
    """Sums over the bytes behind each byte, chosen by comparisons -> channels of a Conv, chosen by GatherElements.

    Everything is a whole number below 2**24, exact in float32 in any order.
    """
    leads = {t.name for t in graph.initializer if t.dims == [256] and np.array_equal(numpy_helper.to_array(t), LEADS)}
    for lead in [n for n in graph.node if n.op_type == "Gather" and n.input[0] in leads]:
        total = [n for n in graph.node if n.op_type == "Add" and lead.output[0] in n.input]
        bytes_ = float_bytes(graph, lead)
        if len(total) == 1 and bytes_:
            _replace(graph, lead, total[0], bytes_)


def float_bytes(graph: Any, lead: Any) -> str | None:
    """The float32 tensor [B, N] of the bytes that the node `lead` looks up: what is padded by N_BEHIND zeros."""
    index = makers_of(graph).get(lead.input[1])
    if index is None or index.op_type != "Cast":
        return None
    same = {index.input[0]} | {n.output[0] for n in graph.node if n.op_type == "Cast" and n.input[0] == index.input[0]}
    constants = {t.name: numpy_helper.to_array(t).tolist() for t in graph.initializer if t.dims == [4]}
    pads = [n for n in graph.node if n.op_type == "Pad" and n.input[0] in same]
    found = {n.input[0] for n in pads if constants.get(n.input[1]) == [0, 0, 0, N_BEHIND]}
    return found.pop() if len(found) == 1 else None


def _replace(graph: Any, lead: Any, total: Any, bytes_: str) -> None:
    """Put a convolution in the place of the nodes between the bytes and their sum with what `lead` gathers."""

    def constant(name: str, value: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(value, f"{total.name}_{name}"))
        return f"{total.name}_{name}"

    def node(op_type: str, inputs: list[str], name: str, **attributes: Any) -> str:
        new = helper.make_node(op_type, inputs, [f"{total.name}_{name}"], name=f"{total.name}_{name}", **attributes)
        graph.node.insert(list(graph.node).index(total), new)
        return str(new.output[0])

    axis = constant("axis", np.array([1], "int64"))
    rows = node("Unsqueeze", [bytes_, axis], "rows")  # [B, 1, N]
    kernels = constant("kernels", behind_kernels())
    behind = node("Conv", [rows, kernels], "behind", pads=[0, N_BEHIND])  # [B, 4, N]
    index = node("Cast", [rows], "index", to=TensorProto.INT32)
    count = node("Gather", [constant("counts", N_BEHIND_OF), index], "count")  # [B, 1, N]
    chosen = node("GatherElements", [behind, count], "chosen", axis=1)
    first = node("Gather", [lead.input[0], index], "first")
    codes = node("Add", [first, chosen], "codes")
    squeezed = helper.make_node("Squeeze", [codes, axis], list(total.output), name=total.name)  # [B, N]
    graph.node.insert(list(graph.node).index(total), squeezed)
    graph.node.remove(total)
