"""The arithmetic that one row costs: multiplications and additions of every matrix product and convolution of a graph.

    python -m benchmarks.multimodal.flops RUN

Counted from the shapes of the operations that Keras' layers make of one row, pictures of the model's size. Everything
else (additions, activations, look-ups of words) is left out: it is little, and the count is to be a floor.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

N_BYTES = 128  # of the texts: a sentence


def size(tensor: Any) -> int:
    """How many numbers a tensor has."""
    return math.prod(tensor.shape.as_list())


def matmul(op: Any) -> int:
    """[…, m, k] x […, k, n]: k products for each number of the result."""
    transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return size(op.outputs[0]) * op.inputs[0].shape.as_list()[-2 if transposed else -1]


def convolution(op: Any) -> int:
    """A kernel [height, width, in, out]: height * width * in products for each number of the result."""
    return size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:3])


def depthwise(op: Any) -> int:
    """A kernel [height, width, in, multiplier]: each channel by itself."""
    return size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:2])


def einsum(op: Any) -> int:
    """One product for each choice of all letters."""
    lengths: dict[str, int] = {}
    letters = op.get_attr("equation").decode().partition("->")[0].split(",")
    for part, tensor in zip(letters, op.inputs, strict=True):
        lengths |= dict(zip(part, tensor.shape.as_list(), strict=True))
    return math.prod(lengths.values())


COUNTS: dict[str, Callable[[Any], int]] = {
    "MatMul": matmul,
    "BatchMatMulV2": matmul,
    "Conv2D": convolution,
    "DepthwiseConv2dNative": depthwise,
    "Einsum": einsum,
}


def flop_by_operation(graph: Any, n_bytes: int = N_BYTES) -> Counter[str]:
    """Operation, named by the layers it is in -> floating-point operations for one row."""
    from mmkeras.exporting.graph_module import GraphModule

    found: Counter[str] = Counter()
    for op in GraphModule(graph).function(1, n_bytes, fix=True).graph.get_operations():
        if op.type in COUNTS:
            found[op.name] += 2 * COUNTS[op.type](op)
    return found


def by_part(found: Counter[str], columns: list[str]) -> dict[str, int]:
    """The same by column, and `fusion` for what is none's, the largest first."""
    parts: Counter[str] = Counter()
    for name, flop in found.items():
        layers = name.split("/")  # one inside another; encoders begin the names of theirs with the column's
        parts[next((c for c in columns if any(x.startswith(f"{c}_") for x in layers)), "fusion")] += flop
    return dict(parts.most_common())


def flop_of(run_path: str | Path) -> dict[str, int]:
    """Of a run's graph: floating-point operations for one row by column, and `fusion`."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    graph = load_graph(open_run(run_path))
    return by_part(flop_by_operation(graph), [i.name for i in graph.inputs if i.serving])


def main(run_path: str) -> None:
    """Print a table."""
    parts = flop_of(run_path)
    print("| part | MFLOP a row |\n| --- | ---: |")
    for name, flop in [*parts.items(), ("all", sum(parts.values()))]:
        print(f"| {name} | {flop / 1e6:.2f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
