"""Models that generate text, on real sets and on the bundled example, each through the commands of a user.

python -m benchmarks.generation [--sets cells ptb multi30k captions transcripts dialogue] [--seed 0]

Each system is trained by `train.py`, exported and verified by `export.py`, and its .tflite is evaluated by
`mmkeras generate` or `mmkeras score`, on rows that were used neither for training nor for a choice.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks import RESULTS, ROOT
from benchmarks.generation.caption_score import cider
from benchmarks.harness.machine import describe
from benchmarks.harness.measure import LAUNCHER
from benchmarks.multimodal.accuracy import make_example
from benchmarks.peers import caption_baselines
from mmkeras.metrics.texts import text_figures

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class System:
    """flags: of train.py, without output. test: a CSV; for a language model a text file. decodings: name -> flags."""

    name: str
    flags: tuple[str, ...]
    test: Path
    target: str = ""
    decodings: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"greedy": ()})


def ptb(shared: Path, work: Path) -> Iterator[System]:
    """Word-level language models of similar size on the Penn Treebank."""
    place = shared / "ptb"
    files = ("--text-file", str(place / "train.txt"), "--validation", str(place / "valid.txt"))
    for cell in ("lstm", "rnn", "transformer"):
        flags = ("--task", "language_model", *files, "--cell", cell, *PTB[cell])
        yield System(cell, flags, place / "test.txt")


PTB = {
    "lstm": ("--dropout", "0.2", "--epochs", "6"),
    "rnn": ("--dropout", "0.1", "--epochs", "4"),
    "transformer": ("--dropout", "0.1", "--epochs", "3", "--steps", "64"),
}


def cells(shared: Path, work: Path) -> Iterator[System]:
    """A language model of every cell, for the parity of its artefacts: one epoch of the validation text."""
    place = shared / "ptb"
    files = ("--text-file", str(place / "valid.txt"), "--validation", str(place / "test.txt"))
    for cell in ("rnn", "lstm", "gru", "transformer"):
        flags = ("--task", "language_model", *files, "--cell", cell, "--width", "64", "--epochs", "1")
        yield System(cell, flags, place / "test.txt")


def multi30k(shared: Path, work: Path) -> Iterator[System]:
    """English to German."""
    place = shared / "multi30k"
    flags = (str(place / "train.csv"), "--validation", str(place / "val.csv"), "--task", "generate", "--text", "en")
    decodings = {"greedy": (), "beam 4": ("--beam", "4")}
    yield System("en-de", (*flags, "--target", "de", *TRANSLATION), place / "test_2016.csv", "de", decodings)


TRANSLATION = (
    *("--vocabulary", "4000", "--width", "128", "--depth", "3", "--dropout", "0.1"),
    *("--batch-size", "128", "--learning-rate", "0.004", "--epochs", "14", "--max-tokens", "64"),
)


def captions(shared: Path, work: Path) -> Iterator[System]:
    """Photographs to sentences: 800 training pictures."""
    place = shared / "flickr1k"
    table = pd.read_csv(place / "captions.csv", dtype=str, keep_default_na=False)
    for split in ("train", "val", "test"):
        table[table["split"] == split].drop(columns="split").to_csv(work / f"captions_{split}.csv", index=False)
    train, validation = (str(work / f"captions_{split}.csv") for split in ("train", "val"))
    files = (train, "--validation", validation, "--media-root", str(place))
    flags = ("--task", "generate", "--image", "image", "--target", "caption", *CAPTIONS)
    decodings = {"greedy": (), "beam 4": ("--beam", "4")}
    yield System("image", (*files, *flags), work / "captions_test.csv", "caption", decodings)


CAPTIONS = (
    *("--vocabulary", "2000", "--pieces", "word", "--epochs", "24", "--dropout", "0.3"),
    *("--width", "64", "--image-size", "64", "--learning-rate", "0.004"),
)


def transcripts(shared: Path, work: Path) -> Iterator[System]:
    """Spoken digits to words: the official split, and a speaker who is not in training."""
    place = shared / "fsdd"
    for name, train, test in (("official", "train", "test"), ("new speaker", "speaker_train", "speaker_test")):
        for part in (train, test):
            table = pd.read_csv(place / f"{part}.csv", dtype=str)
            table["transcript"] = [DIGITS[int(label)] for label in table["label"]]
            table[["audio", "transcript"]].to_csv(work / f"fsdd_{part}.csv", index=False)
        files = (str(work / f"fsdd_{train}.csv"), "--media-root", str(place))
        flags = ("--task", "generate", "--audio", "audio", "--target", "transcript", *TRANSCRIPTS)
        yield System(name, (*files, *flags), work / f"fsdd_{test}.csv", "transcript")


TRANSCRIPTS = (
    *("--audio-rate", "8000", "--seconds", "1", "--test-size", "0.1", "--pieces", "word", "--epochs", "20"),
    *("--width", "64"),
)


def dialogue(shared: Path, work: Path) -> Iterator[System]:
    """The bundled example: a reply that follows from a note, a photo and a clip."""
    make_example(work)
    train, test = (work / folder / "multimodal.csv" for folder in ("example", "example_test"))
    flags = (str(train), "--task", "generate", "--text", "note", "--image", "photo", "--audio", "clip")
    yield System("reply", (*flags, "--target", "reply", *DIALOGUE), test, "reply")


# rate 0.002: the shape in a photo is learned in epoch 22, or not at all, depending on the seed; 0.001: from epoch 14 on
DIALOGUE = (
    *("--audio-rate", "8000", "--image-size", "48", "--pieces", "word", "--width", "64"),
    *("--epochs", "30", "--learning-rate", "0.001"),
)

SETS: dict[str, Callable[[Path, Path], Iterator[System]]] = {
    "cells": cells,
    "ptb": ptb,
    "multi30k": multi30k,
    "captions": captions,
    "transcripts": transcripts,
    "dialogue": dialogue,
}
MEDIA_ROOTS = {"captions": "flickr1k", "transcripts": "fsdd"}


def command(*arguments: str) -> str:
    """Run a command of mmkeras. Returns its output. Raises RuntimeError with the end of the output if it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def train(system: System, seed: int, run: Path) -> dict[str, Any]:
    """Train, unless a run with the same flags exists. Returns the cost of the training."""
    cost_file = run.parent / f"{run.name}.cost.json"
    saved = json.loads(cost_file.read_text(encoding="utf-8")) if cost_file.exists() else {}
    if not (run / "metrics.json").exists() or saved.get("flags") != list(system.flags):
        with tempfile.TemporaryDirectory() as scratch:
            figures, log = Path(scratch) / "figures.json", Path(scratch) / "log"
            training = [sys.executable, "train.py", *system.flags]
            training += ["--seed", str(seed), "--output", str(run), "--overwrite"]
            launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(figures), str(log)]
            subprocess.run([*launcher, *training], cwd=ROOT, check=True)
            cost = json.loads(figures.read_text(encoding="utf-8"))
            if cost["exit_code"]:
                raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])
        saved = {**cost, "flags": list(system.flags)}
        cost_file.write_text(json.dumps(saved), encoding="utf-8")
    return {key: value for key, value in saved.items() if key != "flags"}


def measure(name: str, system: System, seed: int, work: Path, shared: Path) -> dict[str, Any]:
    """Train, export, verify; generate or score the texts of the test file."""
    run = work / f"{name}-{system.name.replace(' ', '_')}-{seed}"
    cost = train(system, seed, run)
    exported = run.parent / f"{run.name}-exported"
    command("export.py", str(run), "--output", str(exported), "--overwrite")
    proof = json.loads((exported / "verify.json").read_text(encoding="utf-8"))["artefacts"]
    texts = ("rows", "texts_identical", "texts_other", "texts_apart_at_ties", "largest_difference")
    kept = (*texts, "bleu", "chrf", "exact", "word_error_rate", "perplexity", "size_bytes", "ms_a_piece", "passed")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    figures: dict[str, Any] = {
        **cost,
        "fit_s": metrics["seconds"]["fit"],
        "held_out": metrics["validation"],
        "verified": {format_name: {k: r[k] for k in kept if k in r} for format_name, r in proof.items()},
    }
    if not system.target:
        output = command("-m", "mmkeras.cli.main", "score", str(exported), "--file", str(system.test))
        return {**figures, "perplexity": float(re.findall(r"perplexity ([\d.]+)", output)[0])}
    media_root = shared / MEDIA_ROOTS[name] if name in MEDIA_ROOTS else None
    for decoding, flags in system.decodings.items():
        figures[decoding] = evaluate(exported, system, flags, media_root)
    return figures


def evaluate(exported: Path, system: System, flags: tuple[str, ...], media_root: Path | None) -> dict[str, Any]:
    """Figures of the texts generated for the test file. References of a text: all targets with the same inputs."""
    table = pd.read_csv(system.test, dtype=str, keep_default_na=False)
    encode = json.loads((exported / "signature.json").read_text(encoding="utf-8"))["graphs"]["encode"]
    inputs = [input_spec["column"] for input_spec in encode["inputs"] if input_spec["kind"] != "presence"]
    groups = table.groupby(inputs, sort=False)[system.target].apply(list)
    rows = table.drop_duplicates(inputs)
    with tempfile.TemporaryDirectory() as scratch:
        questions, texts = Path(scratch) / "questions.csv", Path(scratch) / "texts.csv"
        rows[inputs].to_csv(questions, index=False)
        root = ("--media-root", str(media_root or system.test.parent))
        files = ("--csv", str(questions), "--output", str(texts), *root)
        output = command("-m", "mmkeras.cli.main", "generate", str(exported), *files, *flags)
        generated = pd.read_csv(texts, dtype=str, keep_default_na=False)["text"].tolist()
    keys = rows[inputs[0]] if len(inputs) == 1 else list(rows[inputs].itertuples(index=False, name=None))
    references = [groups[key] for key in keys]
    speed = float(re.findall(r"([\d.]+) (?:pieces|tokens) a second", output)[0])
    figures = {**text_figures(generated, references), "pieces_a_second": speed}
    return {**figures, "cider": cider(generated, references)} if len(references[0]) > 1 else figures


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a line a figure, write results/generation.json."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--systems", nargs="+", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--work", type=Path, default=RESULTS / "generation_work")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    path = args.results / "generation.json"
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    figures["machine"] = describe(ROOT, {})
    for name in args.sets:
        for system in SETS[name](args.shared, args.work):
            if args.systems and system.name not in args.systems:
                continue
            result = measure(name, system, args.seed, args.work, args.shared)
            figures.setdefault(name, {})[system.name] = result
            if name == "captions":
                figures[name]["peers"] = caption_baselines.peers(args.shared / "flickr1k", args.work)
            path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
            print(f"{name}: {system.name}: {json.dumps(result)}", flush=True)
    return 0
