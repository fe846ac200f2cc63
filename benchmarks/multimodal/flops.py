"""The arithmetic that one row costs: multiplications and additions of every matrix product and convolution of a graph.

    python -m benchmarks.multimodal.flops RUN

Counted from the shapes of the operations of the graph for one row, with pictures in the model's size. Additions,
activations and look-ups of words are left out: they cost little, and the count is a lower bound.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

N_BYTES = 128  # of each text: a sentence


def size(tensor: Any) -> int:
    """The number of elements of a tensor."""
    return math.prod(tensor.shape.as_list())


def matmul(op: Any) -> int:
    """[…, m, k] x […, k, n]: k products for each element of the result."""
    transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
    return size(op.outputs[0]) * op.inputs[0].shape.as_list()[-2 if transposed else -1]


def convolution(op: Any) -> int:
    """A kernel [height, width, in, out]: height * width * in products for each element of the result."""
    return size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:3])


def depthwise(op: Any) -> int:
    """A kernel [height, width, in, multiplier]: height * width products for each element of the result."""
    return size(op.outputs[0]) * math.prod(op.inputs[1].shape.as_list()[:2])


def einsum(op: Any) -> int:
    """One product for each combination of the indices that the letters stand for."""
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
    """Operation, by its name with the layers around it -> floating-point operations for one row."""
    from mmkeras.exporting.graph_module import GraphModule

    flop: Counter[str] = Counter()
    for op in GraphModule(graph).function(1, n_bytes, fix=True).graph.get_operations():
        if op.type in COUNTS:
            flop[op.name] += 2 * COUNTS[op.type](op)
    return flop


def by_part(by_operation: Counter[str], columns: list[str]) -> dict[str, int]:
    """Operation -> FLOP to column -> FLOP, the largest first; `fusion` has the operations of no column."""
    parts: Counter[str] = Counter()
    for name, flop in by_operation.items():
        layers = name.split("/")  # one inside another; the name of an encoder's layer begins with the column's name
        parts[next((c for c in columns if any(x.startswith(f"{c}_") for x in layers)), "fusion")] += flop
    return dict(parts.most_common())


def flop_of(run_path: str | Path) -> dict[str, int]:
    """Floating-point operations of a run's graph for one row, by column and `fusion`."""
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    main(parser.parse_args().run)
