"""mmkeras in the benchmark: its commands, and a minimal client of its artefacts.

    python -m benchmarks.news.ours predict.tflite documents.csv --step serve
    python -m benchmarks.news.ours predict.tflite documents.csv --step serve --load
    python -m benchmarks.news.ours predict.onnx document.txt --step answer

All that depends on the command line or the Python interface of mmkeras is in this file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks.harness.client import Answer, serve

FORMATS = {"LiteRT": "predict.tflite", "ONNX Runtime": "predict.onnx"}
LOADED = "LiteRT, mmkeras.load"
"""The LiteRT file as a user of Python calls it: a cell in, a Prediction out."""


def train_command(train: Path, folder: Path, seed: int, budget: str | None = None) -> list[str | Path]:
    """The user's one command, default flags; or with a budget of size, as "300kB"."""
    columns = ["--text", "text", "--target", "label"]
    size = ["--size-budget", budget] if budget else []
    return [sys.executable, "train.py", train, *columns, "--output", folder / "run", "--seed", str(seed), *size]


def no_budget() -> str | None:
    """Why no model can be made for a size, if so."""
    from mmkeras.config.train_flags import TrainFlags

    return None if "size_budget" in TrainFlags.__annotations__ else "train has no --size-budget in this checkout"


def export_command(folder: Path) -> list[str | Path]:
    """All formats, verified, as by default."""
    return [sys.executable, "export.py", folder / "run", "--output", folder / "exported"]


def predict_command(test: Path, folder: Path) -> list[str | Path]:
    """A CSV of predictions from the LiteRT file."""
    artefact = folder / "exported" / FORMATS["LiteRT"]
    return [sys.executable, "-m", "mmkeras.cli.main", "predict", artefact, test, "--output", folder / "predictions.csv"]


def client_command(artefact: Path, source: Path, step: str, load: bool = False) -> list[str | Path]:
    """This file, as a client of one artefact; load: that documents are timed with, too, as a user of Python does."""
    way = ["--load"] if load else []
    return [sys.executable, "-m", "benchmarks.news.ours", artefact, source, "--step", step, *way]


def load_answer(artefact: Path) -> Answer:
    """Load an artefact as a user does: raw text -> label."""
    import mmkeras

    model: Any = mmkeras.load(artefact)  # a Predictor
    column = model.signature["inputs"][0]["column"]
    return lambda text: model({column: text}).label


def open_answer(artefact: Path) -> Answer:
    """Load an artefact on one thread: raw text -> label, by what the signature says.

    `mmkeras.load` leaves the number of threads to the runtime, and a latency is on one thread: so this is the first of
    the clients that are timed, a text in and an array out.
    """
    from mmkeras.runtime.only_text import answer_of_text
    from mmkeras.runtime.runners import open_artefact

    runner = open_artefact(artefact, threads=1)
    labels: list[str] = runner.signature["labels"]
    probabilities = answer_of_text(runner, "probabilities")  # text -> float32 [classes]
    return lambda text: labels[probabilities(text).argmax()]


def main() -> None:
    """Time the documents of a CSV that the harness asks for, or answer one text file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("artefact", type=Path)
    parser.add_argument("source", type=Path, help="for serve a CSV with text and label, for answer a text file")
    parser.add_argument("--step", choices=("serve", "answer"), required=True)
    parser.add_argument("--load", action="store_true", help="serve by mmkeras.load, not with arrays")
    args = parser.parse_args()
    if args.step == "answer":
        print(load_answer(args.artefact)(args.source.read_text(encoding="utf-8")))
        return
    from benchmarks.peers.command import read_rows

    open_it = load_answer if args.load else open_answer
    serve(open_it(args.artefact), read_rows(args.source)[0])


if __name__ == "__main__":
    main()
