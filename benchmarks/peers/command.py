"""The command line that all peers share. Standard library only, so that a process costs what its peer needs.

    python -m benchmarks.peers.<peer> train.csv test.csv --output folder [--step train|predict|serve|answer|all]

`train` fits on train.csv and saves into the folder; `predict` writes predictions.csv for test.csv; `answer` starts,
loads, answers one document and ends; `serve` times the documents of test.csv that the harness asks for on stdin.
`all`, the default, trains, predicts, times each document of test.csv, and writes figures.json.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from benchmarks.harness.client import WARM_UP, Answer, serve, summary, time_each, write_json
from benchmarks.harness.scores import score

LARGEST_CELL = 2**31 - 1  # the longest post of news20 is above the csv module's own limit


class Model(NamedTuple):
    """A loaded peer: many texts to labels, and one text to its label."""

    predict: Callable[[list[str]], list[str]]
    answer: Answer


class Peer(NamedTuple):
    """The functions and files of a peer.

    add_flags: adds the peer's flags to the parser.
    train: fits on args.train, saves into args.output, returns the settings to report.
    load: folder -> Model.
    files: names of the files that a deployment needs.
    """

    add_flags: Callable[[argparse.ArgumentParser], object]
    train: Callable[[argparse.Namespace], dict[str, Any]]
    load: Callable[[Path], Model]
    files: tuple[str, ...]


def read_rows(path: Path) -> tuple[list[str], list[str]]:
    """Texts and labels of a CSV (plain or .gz) with the columns `text` and `label`."""
    csv.field_size_limit(LARGEST_CELL)
    with open_text(path) as file:
        rows = csv.DictReader(file)
        if not {"text", "label"} <= set(rows.fieldnames or []):
            raise ValueError(f"{path}: expected the columns text and label, found {rows.fieldnames}.")
        pairs = [(row["text"], row["label"]) for row in rows]
    return [text for text, _ in pairs], [label for _, label in pairs]


def open_text(path: Path) -> TextIO:
    """Open a plain or gzipped UTF-8 file for the csv module."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def run(description: str, peer: Peer, arguments: list[str] | None = None) -> None:
    """Parse the flags; run the step, or all steps."""
    args = parse(description, peer, arguments)
    args.output.mkdir(parents=True, exist_ok=True)
    figures: dict[str, Any] = {}
    if args.step in ("train", "all"):
        started = time.perf_counter()
        figures["settings"] = peer.train(args)
        figures["train_s"] = round(time.perf_counter() - started, 3)
        write_json(args.output / "settings.json", figures["settings"])
    if args.step in ("predict", "all"):
        figures |= predict(args, peer)
    if args.step == "serve":
        serve(peer.load(args.output).answer, read_rows(args.test)[0])
    if args.step == "answer":
        print(peer.load(args.output).answer(args.test.read_text(encoding="utf-8")))
    if args.step == "all":
        answer, (texts, _) = peer.load(args.output).answer, read_rows(args.test)
        time_each(answer, texts[:WARM_UP])
        figures |= summary(time_each(answer, texts))
        figures["size_mb"] = sum((args.output / name).stat().st_size for name in peer.files) / 1e6
        write_json(args.output / "figures.json", figures)
        print(json.dumps(figures, indent=2, ensure_ascii=False))


def parse(description: str, peer: Peer, arguments: list[str] | None) -> argparse.Namespace:
    """Parse the shared flags and the peer's flags."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("train", type=Path, help="CSV with the columns text and label")
    parser.add_argument("test", type=Path, help="the same, not learned from (for --step answer: a text file)")
    parser.add_argument("--output", type=Path, required=True, help="folder of the model, predictions and figures")
    parser.add_argument("--step", choices=("train", "predict", "serve", "answer", "all"), default="all")
    parser.add_argument("--characters", action="store_true", help="tokens are characters (Chinese), not words")
    parser.add_argument("--seed", type=int, default=0)
    peer.add_flags(parser)
    return parser.parse_args(arguments)


def predict(args: argparse.Namespace, peer: Peer) -> dict[str, float]:
    """Write predictions.csv for the test rows and return their scores."""
    texts, labels = read_rows(args.test)
    predicted = peer.load(args.output).predict(texts)
    with (args.output / "predictions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["label", "prediction"])
        writer.writerows(zip(labels, predicted, strict=True))
    return score(labels, predicted)
