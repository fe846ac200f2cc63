"""Pieces a second of writing one text, one thread: the exported graphs with their cache, without one, and Keras itself.

python -m benchmarks.generation.speed RUN EXPORTED [--text "A man is riding a horse ."] [--pieces 48] [--rounds 5]

All write the same number of pieces (what would end a text is passed over) and take turns in one process: read ratios.
Without a cache the whole text so far is given at each step, as a plain exported decoder would need it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")

import numpy as np

from benchmarks import RESULTS, ROOT
from benchmarks.harness.machine import describe
from mmkeras.data.target_tokenizer import EOS, UNK
from mmkeras.generation.decoding import DecoderState
from mmkeras.generation.generator import TextGenerator, open_generator
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import read_values

Write = Callable[[int], list[float]]  # pieces to write -> seconds of each


def cached(writer: TextGenerator, memory: dict[str, np.ndarray]) -> Write:
    """One step a piece, states given and kept."""

    def write(count: int) -> list[float]:
        states, piece, seconds = DecoderState(writer.step.signature, memory, 1), EOS, []
        for position in range(count):
            began = time.perf_counter()
            said = states.advance(writer.step, np.array([piece]), position)
            seconds.append(time.perf_counter() - began)
            said[0, [EOS, UNK]] = -np.inf
            piece = int(said[0].argmax())
        return seconds

    return write


def whole(call: Callable[[dict[str, np.ndarray]], Any], given: dict[str, np.ndarray]) -> Write:
    """All pieces so far at each step."""

    def write(count: int) -> list[float]:
        pieces, seconds = [EOS], []
        for _ in range(count):
            began = time.perf_counter()
            said = np.array(call({"pieces": np.array([pieces], "int32"), **given})["log_probabilities"])
            seconds.append(time.perf_counter() - began)
            said[0, [EOS, UNK]] = -np.inf
            pieces.append(int(said[0].argmax()))
        return seconds

    return write


def whole_graph(run: Path) -> tuple[Any, Any]:
    """A decoder without a cache as a Graph, and the run's writer, rebuilt with its weights."""
    import keras
    from keras import layers, ops

    from mmkeras.data.target_tokenizer import TargetTokenizer
    from mmkeras.graph import Graph
    from mmkeras.modalities.adapt import load_columns
    from mmkeras.models.seq2seq import build_seq2seq
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.text_generation.graphs import array, described_array

    made = open_run(run)
    writer = build_seq2seq(
        load_columns(made.inputs, made.folder), len(TargetTokenizer.load(run / "state")), made.config, exporting=True
    )
    writer.model.load_weights(run / "model.keras")

    class Last(layers.Layer):
        """The log-probabilities of the piece behind the last."""

        def call(self, logits: Any) -> Any:
            return ops.log_softmax(logits[:, -1], axis=-1)

    inputs = (
        array("pieces", ("n_pieces",), "pieces", "int32"),  # type: ignore[arg-type]
        array("memory", (writer.memory_length, writer.decoder.width), "memory"),
        array("shown", (writer.memory_length,), "memory"),
    )
    raw = {i.name: keras.Input(i.sizes()[1:], dtype=i.dtype, name=i.name) for i in inputs}
    found = {"log_probabilities": Last(name="last")(writer.decoder(*raw.values()))}
    described = tuple(described_array(name, tensor) for name, tensor in found.items())
    return Graph("whole", keras.Model(raw, found, name="whole"), inputs, described, (), {}), writer


def ways(run: Path, exported: Path, text: str, folder: Path) -> dict[str, Write]:
    """Every way to write the text of one row, by name."""
    from mmkeras.exporting.formats import onnx, tflite
    from mmkeras.runs.run import open_run
    from mmkeras.runtime.runners import open_artefact
    from mmkeras.tasks.assets import Assets
    from mmkeras.tasks.reference import trained_generator
    from mmkeras.tasks.text_generation.load import generate_graphs, load_pieces

    found: dict[str, Write] = {}
    memory: dict[str, np.ndarray] = {}
    for form in ("tflite", "onnx", "savedmodel"):
        writer = open_generator(exported, form, threads=1)
        values = {}
        for entry in writer.inputs:
            if entry["kind"] != "presence":
                values[entry["name"]] = read_values([text], entry, MediaRoot("."))[0]
        encoded = writer.encode(values, [0])
        memory = {e["name"]: encoded[e["name"]] for e in writer.step.signature["inputs"] if e["kind"] == "memory"}
        found[f"{form}, cache"] = cached(writer, memory)
    graph, rebuilt = whole_graph(run)
    tokens = np.zeros((1, rebuilt.memory_length, rebuilt.decoder.width), "float32")  # times do not depend on them
    given = {"memory": tokens, "shown": memory["memory_shown"]}
    for form, exporter in (("tflite", tflite), ("onnx", onnx)):
        path = exporter.export({graph.name: graph}, Assets("texts"), folder)[graph.name]
        found[f"{form}, no cache"] = whole(open_artefact(path, threads=1), given)
    trained = trained_generator(generate_graphs(open_run(run)), load_pieces(open_run(run)), run)
    found["Keras, traced, cache"] = cached(trained, memory)
    found["Keras, eager call, no cache"] = whole(lambda inputs: graph.model(inputs, training=False), given)
    found["Keras, predict, no cache"] = whole(lambda inputs: graph.model.predict(inputs, verbose=0), given)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure in turns, print a table, write results/generation_speed.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("exported", type=Path)
    parser.add_argument("--text", default="A man is riding a horse .")
    parser.add_argument("--pieces", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        found = ways(args.run, args.exported, args.text, Path(scratch))
        seconds: dict[str, list[list[float]]] = {name: [] for name in found}
        for write in found.values():
            write(args.pieces)  # warm: shapes are traced and planned
        for _ in range(args.rounds):
            for name, write in found.items():
                seconds[name].append(write(args.pieces))
    rates = {name: args.pieces / statistics.median(sum(one) for one in rounds) for name, rounds in seconds.items()}
    best = rates["tflite, cache"]
    print("| way | pieces a second | × LiteRT with its cache | ms of the first 8 pieces | ms of the last 8 |")
    print("|---|---:|---:|---:|---:|")
    figures: dict[str, Any] = {"machine": describe(ROOT, {})}
    for name, rate in rates.items():
        median = np.median(np.array(seconds[name]), axis=0)
        first, last = 1e3 * float(median[:8].mean()), 1e3 * float(median[-8:].mean())
        figures[name] = {"pieces_a_second": rate, "first_ms": first, "last_ms": last}
        print(f"| {name} | {rate:.0f} | {rate / best:.2f} | {first:.2f} | {last:.2f} |", flush=True)
    path = RESULTS / "generation_speed.json"
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
