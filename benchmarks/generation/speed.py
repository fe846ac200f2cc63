"""Tokens a second of decoding one text, one thread: the exported graphs with and without a cache, and Keras.

python -m benchmarks.generation.speed RUN EXPORTED [--text "A man is riding a horse ."] [--pieces 48] [--rounds 5]

All generate the same number of tokens (EOS is never chosen) and take turns in one process: read the ratios. Without a
cache each step gets all tokens so far, as a plain exported decoder needs them.
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
from mmkeras.data.targets.target_tokenizer import EOS, UNK
from mmkeras.generation.decoding import DecoderState
from mmkeras.generation.generator import TextGenerator, open_generator
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import read_values

Decode = Callable[[int], list[float]]  # number of tokens -> seconds of each


def cached(generator: TextGenerator, memory: dict[str, np.ndarray]) -> Decode:
    """One step a token; the states are inputs and outputs."""

    def decode(count: int) -> list[float]:
        states, token, seconds = DecoderState(generator.step.signature, memory, 1), EOS, []
        for position in range(count):
            started = time.perf_counter()
            log_probs = states.step(generator.step, np.array([token]), position)
            seconds.append(time.perf_counter() - started)
            log_probs[0, [EOS, UNK]] = -np.inf
            token = int(log_probs[0].argmax())
        return seconds

    return decode


def whole(call: Callable[[dict[str, np.ndarray]], Any], constants: dict[str, np.ndarray]) -> Decode:
    """All tokens so far at each step. constants: the other inputs of the graph."""

    def decode(count: int) -> list[float]:
        tokens, seconds = [EOS], []
        for _ in range(count):
            started = time.perf_counter()
            log_probs = np.array(call({"pieces": np.array([tokens], "int32"), **constants})["log_probabilities"])
            seconds.append(time.perf_counter() - started)
            log_probs[0, [EOS, UNK]] = -np.inf
            tokens.append(int(log_probs[0].argmax()))
        return seconds

    return decode


def whole_graph(run: Path) -> tuple[Any, Any]:
    """A decoder without a cache as a Graph, and the run's Seq2Seq, rebuilt with its weights."""
    import keras
    from keras import layers, ops

    from mmkeras.data.targets.target_tokenizer import TargetTokenizer
    from mmkeras.graph import Graph
    from mmkeras.modalities.adapt import load_columns
    from mmkeras.models.seq2seq import build_seq2seq
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.text_generation.graphs import array, described_array

    opened = open_run(run)
    columns, vocabulary_size = load_columns(opened.inputs, opened.folder), len(TargetTokenizer.load(run / "state"))
    seq2seq = build_seq2seq(columns, vocabulary_size, opened.config, exporting=True)
    seq2seq.model.load_weights(run / "model.keras")

    class Last(layers.Layer):
        """The log-probabilities of the token after the last."""

        def call(self, logits: Any) -> Any:
            return ops.log_softmax(logits[:, -1], axis=-1)

    inputs = (
        array("pieces", ("n_pieces",), "pieces", "int32"),  # type: ignore[arg-type]
        array("memory", (seq2seq.memory_length, seq2seq.decoder.width), "memory"),
        array("shown", (seq2seq.memory_length,), "memory"),
    )
    raw = {i.name: keras.Input(i.sizes()[1:], dtype=i.dtype, name=i.name) for i in inputs}
    outputs = {"log_probabilities": Last(name="last")(seq2seq.decoder(*raw.values()))}
    described = tuple(described_array(name, tensor) for name, tensor in outputs.items())
    return Graph("whole", keras.Model(raw, outputs, name="whole"), inputs, described, (), {}), seq2seq


def ways(run: Path, exported: Path, text: str, folder: Path) -> dict[str, Decode]:
    """Name -> a function that decodes the text of one row."""
    from mmkeras.exporting.formats import onnx, tflite
    from mmkeras.runs.run import open_run
    from mmkeras.runtime.runners import open_artefact
    from mmkeras.tasks.assets import Assets
    from mmkeras.tasks.reference import trained_generator
    from mmkeras.tasks.text_generation.load import generate_graphs, load_tokenizer

    decoders: dict[str, Decode] = {}
    memory: dict[str, np.ndarray] = {}
    for format_name in ("tflite", "onnx", "savedmodel"):
        generator = open_generator(exported, format_name, threads=1)
        values = {}
        for input_spec in generator.inputs:
            if input_spec["kind"] != "presence":
                values[input_spec["name"]] = read_values([text], input_spec, MediaRoot("."))[0]
        encoded = generator.encode(values, [0])
        step_inputs = generator.step.signature["inputs"]
        memory = {spec["name"]: encoded[spec["name"]] for spec in step_inputs if spec["kind"] == "memory"}
        decoders[f"{format_name}, cache"] = cached(generator, memory)
    graph, rebuilt = whole_graph(run)
    tokens = np.zeros((1, rebuilt.memory_length, rebuilt.decoder.width), "float32")  # times do not depend on them
    constants = {"memory": tokens, "shown": memory["memory_shown"]}
    for format_name, exporter in (("tflite", tflite), ("onnx", onnx)):
        path = exporter.export({graph.name: graph}, Assets("texts"), folder)[graph.name]
        decoders[f"{format_name}, no cache"] = whole(open_artefact(path, threads=1), constants)
    trained = trained_generator(generate_graphs(open_run(run)), load_tokenizer(open_run(run)), run)
    decoders["Keras, traced, cache"] = cached(trained, memory)
    decoders["Keras, eager call, no cache"] = whole(lambda inputs: graph.model(inputs, training=False), constants)
    decoders["Keras, predict, no cache"] = whole(lambda inputs: graph.model.predict(inputs, verbose=0), constants)
    return decoders


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
        decoders = ways(args.run, args.exported, args.text, Path(scratch))
        seconds: dict[str, list[list[float]]] = {name: [] for name in decoders}
        for decode in decoders.values():
            decode(args.pieces)  # warm up: shapes are traced and planned
        for _ in range(args.rounds):
            for name, decode in decoders.items():
                seconds[name].append(decode(args.pieces))
    rates = {name: args.pieces / statistics.median(map(sum, rounds)) for name, rounds in seconds.items()}
    best = rates["tflite, cache"]
    print("| decoder | tokens a second | × LiteRT with its cache | ms of the first 8 tokens | ms of the last 8 |")
    print("|---|---:|---:|---:|---:|")
    figures: dict[str, Any] = {"machine": describe(ROOT, {})}
    for name, rate in rates.items():
        median = np.median(np.array(seconds[name]), axis=0)
        first, last = 1e3 * float(median[:8].mean()), 1e3 * float(median[-8:].mean())
        figures[name] = {"pieces_a_second": rate, "first_ms": first, "last_ms": last}
        print(f"| {name} | {rate:.0f} | {rate / best:.2f} | {first:.2f} | {last:.2f} |", flush=True)
    path = RESULTS / "generation_speed.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
