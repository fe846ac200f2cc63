"""One raw row of several modalities, one thread: LiteRT, ONNX Runtime, the SavedModel and Keras itself.

    python -m benchmarks.multimodal.latency [exported/multimodal] [runs/multimodal] [--rows 64] [--rounds 10]

Default folders: `python train.py --example multimodal`, then `python export.py runs/multimodal`. Each runtime is loaded
once, in a separate process, and they take turns, so that a slow moment of the machine slows all of them. A row is given
as arrays (`sample_inputs.npz`), its picture in the size of the file, which the graph resizes, and in the model's size.

The floor is the time of the arithmetic of one row at the rate of NumPy's float32 matrix product, which takes turns too.
No runtime can be much faster than the floor; the distance to it is the possible gain.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT
from benchmarks.harness.client import summary, write_json
from benchmarks.harness.machine import describe
from benchmarks.harness.measure import Server, same_threads

WAYS = {  # name -> way of `client`, and a file of the exported folder; "" for the run
    "LiteRT": ("artefact", "predict.tflite"),
    "ONNX Runtime": ("artefact", "predict.onnx"),
    "SavedModel signature": ("artefact", "savedmodel/1"),
    "Keras model(…)": ("call", ""),
    "Keras model.predict": ("predict", ""),
}
YARDSTICK = "LiteRT"
MATMUL = "matmul"
TURN = 8  # rows that a runtime answers in one turn
SIZES = ("own", "model")


def measure(exported: Path, run: Path, rows: int, rounds: int, logs: Path) -> dict[str, Any]:
    """Microseconds of every runtime at both sizes of pictures, and of a matrix product."""
    samples = exported / "sample_inputs.npz"
    commands = {name: (way, exported / file if file else run) for name, (way, file) in WAYS.items()}
    commands[MATMUL] = ("matmul", run)
    servers: dict[str, Server] = {}
    try:
        for name, (way, place) in commands.items():
            client: list[str | Path] = [sys.executable, "-m", "benchmarks.multimodal.client"]
            words = [*client, way, place, samples, str(rows)]
            servers[name] = Server(words, logs / f"{way}-{len(servers)}.log", ROOT, same_threads(1))
        spent: dict[str, dict[str, list[float]]] = {size: {name: [] for name in servers} for size in SIZES}
        for number in range(rounds):
            for k, size in enumerate(SIZES):
                first = k * rows + number * TURN % rows
                for name, server in servers.items():
                    spent[size][name] += server.ask(first, min(first + TURN, (k + 1) * rows))
    finally:
        for server in servers.values():
            server.close()
    return {size: {name: summary(times) for name, times in by_name.items()} for size, by_name in spent.items()}


def floor(run: Path, latency: dict[str, Any]) -> dict[str, Any]:
    """FLOP of one row, the rate of a matrix product in the same minutes, and LiteRT's share of that rate."""
    from benchmarks.multimodal.client import MATMUL_FLOP
    from benchmarks.multimodal.flops import flop_of

    parts = flop_of(run)
    matmul = statistics.fmean(latency[size][MATMUL]["p50_us"] for size in SIZES)
    rate = MATMUL_FLOP / matmul  # FLOP a microsecond: millions a second
    micros = sum(parts.values()) / rate
    return {
        "flop": sum(parts.values()),
        "flop_by_part": parts,
        "matmul_gflop_s": rate / 1e3,
        "floor_us": micros,
        "litert_share_of_the_rate": micros / latency["model"][YARDSTICK]["p50_us"],
    }


def markdown(figures: dict[str, Any]) -> str:
    """A line a runtime: p50, p95 and the ratio to LiteRT at each size; and the floor."""
    lines = ["| one row, one thread | p50 µs | p95 µs | × LiteRT | p50 µs, model's size | p95 µs | × LiteRT |"]
    lines.append(f"| --- |{' ---: |' * 6}")
    for name in WAYS:
        cells = []
        for size in SIZES:
            times, yardstick = figures["latency"][size][name], figures["latency"][size][YARDSTICK]
            cells += [f"{times['p50_us']:,.0f}", f"{times['p95_us']:,.0f}"]
            cells.append(f"{times['p50_us'] / yardstick['p50_us']:.2f}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    low = figures["floor"]
    parts = ", ".join(f"{name} {flop / 1e6:.2f}" for name, flop in low["flop_by_part"].items())
    return "\n".join(
        [
            *lines,
            "",
            f"A row is {low['flop'] / 1e6:.1f} MFLOP ({parts}). A float32 matrix product of NumPy's does "
            f"{low['matmul_gflop_s']:.0f} GFLOP/s on one thread, which would be {low['floor_us']:,.0f} µs: "
            f"LiteRT works at {low['litert_share_of_the_rate']:.0%} of that rate.",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write mm_latency.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exported", type=Path, nargs="?", default=ROOT / "exported" / "multimodal")
    parser.add_argument("run", type=Path, nargs="?", default=ROOT / "runs" / "multimodal")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=10, help=f"turns of {TURN} rows of each runtime at each size")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    for folder in (args.exported, args.run):
        if not folder.is_dir():
            parser.error(f"{folder} is not there: python train.py --example multimodal; python export.py {args.run}")
    figures: dict[str, Any] = {"machine": describe(ROOT, same_threads(1))}
    with tempfile.TemporaryDirectory() as logs:
        figures["latency"] = measure(args.exported.resolve(), args.run.resolve(), args.rows, args.rounds, Path(logs))
    figures["floor"] = floor(args.run, figures["latency"])
    args.results.mkdir(parents=True, exist_ok=True)
    write_json(args.results / "mm_latency.json", figures)
    print(markdown(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
