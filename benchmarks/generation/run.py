"""Models that write, on real sets and on the bundled example, each through the commands that a user types.

python -m benchmarks.generation [--sets cells ptb multi30k captions transcripts dialogue] [--seed 0]

Each system is trained by `train.py`, exported and verified by `export.py`, and asked by `mmkeras generate` or `score`
of the .tflite. What is measured is of rows that no training has seen and nothing was chosen by.
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
    """flags: of train.py, output aside. test: a CSV, or a text file for a language model. asked: ways to write."""

    name: str
    flags: tuple[str, ...]
    test: Path
    target: str = ""
    asked: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"greedy": ()})


def ptb(shared: Path, work: Path) -> Iterator[System]:
    """Word-level language models of like size on the Penn Treebank."""
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
    """Every cell, for the sake of its artefacts: an epoch of the validation text."""
    place = shared / "ptb"
    files = ("--text-file", str(place / "valid.txt"), "--validation", str(place / "test.txt"))
    for cell in ("rnn", "lstm", "gru", "transformer"):
        flags = ("--task", "language_model", *files, "--cell", cell, "--width", "64", "--epochs", "1")
        yield System(cell, flags, place / "test.txt")


def multi30k(shared: Path, work: Path) -> Iterator[System]:
    """English to German."""
    place = shared / "multi30k"
    flags = (str(place / "train.csv"), "--validation", str(place / "val.csv"), "--task", "generate", "--text", "en")
    asked = {"greedy": (), "beam 4": ("--beam", "4")}
    yield System("en-de", (*flags, "--target", "de", *TRANSLATION), place / "test_2016.csv", "de", asked)


TRANSLATION = (
    *("--vocabulary", "4000", "--width", "128", "--depth", "3", "--dropout", "0.1"),
    *("--batch-size", "128", "--learning-rate", "0.004", "--epochs", "14", "--max-tokens", "64"),
)


def captions(shared: Path, work: Path) -> Iterator[System]:
    """Photographs to sentences; 800 of them are few."""
    place = shared / "flickr1k"
    table = pd.read_csv(place / "captions.csv", dtype=str, keep_default_na=False)
    for split in ("train", "val", "test"):
        table[table["split"] == split].drop(columns="split").to_csv(work / f"captions_{split}.csv", index=False)
    flags = (
        str(work / "captions_train.csv"),
        "--validation",
        str(work / "captions_val.csv"),
        "--media-root",
        str(place),
    )
    own = ("--task", "generate", "--image", "image", "--target", "caption", *CAPTIONS)
    asked = {"greedy": (), "beam 4": ("--beam", "4")}
    yield System("image", (*flags, *own), work / "captions_test.csv", "caption", asked)


CAPTIONS = (
    *("--vocabulary", "2000", "--pieces", "word", "--epochs", "24", "--dropout", "0.3"),
    *("--width", "64", "--image-size", "64", "--learning-rate", "0.004"),
)


def transcripts(shared: Path, work: Path) -> Iterator[System]:
    """Spoken digits to words: the official split, and a speaker nobody has heard."""
    place = shared / "fsdd"
    for name, train, test in (("official", "train", "test"), ("new speaker", "speaker_train", "speaker_test")):
        for part in (train, test):
            table = pd.read_csv(place / f"{part}.csv", dtype=str)
            table["transcript"] = [DIGITS[int(label)] for label in table["label"]]
            table[["audio", "transcript"]].to_csv(work / f"fsdd_{part}.csv", index=False)
        flags = (str(work / f"fsdd_{train}.csv"), "--media-root", str(place), "--task", "generate")
        own = ("--audio", "audio", "--target", "transcript", *TRANSCRIPTS)
        yield System(name, (*flags, *own), work / f"fsdd_{test}.csv", "transcript")


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


# at a rate of 0.002 the shape of a photo's sign is learned in epoch 22, or not at all, by the seed; at 0.001 from 14 on
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
    """A command of ours, and what it printed. Raises RuntimeError with its last words when it fails."""
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def train(system: System, seed: int, run: Path) -> dict[str, Any]:
    """Train once more, unless a run with the same flags is there; what it cost."""
    kept = run.parent / f"{run.name}.cost.json"
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if not (run / "metrics.json").exists() or known.get("flags") != list(system.flags):
        with tempfile.TemporaryDirectory() as scratch:
            figures, log = Path(scratch) / "figures.json", Path(scratch) / "log"
            asked = [
                sys.executable,
                "train.py",
                *system.flags,
                "--seed",
                str(seed),
                "--output",
                str(run),
                "--overwrite",
            ]
            launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(figures), str(log)]
            subprocess.run([*launcher, *asked], cwd=ROOT, check=True)
            cost = json.loads(figures.read_text(encoding="utf-8"))
            if cost["exit_code"]:
                raise RuntimeError(log.read_text(encoding="utf-8")[-2000:])
        known = {**cost, "flags": list(system.flags)}
        kept.write_text(json.dumps(known), encoding="utf-8")
    return {key: value for key, value in known.items() if key != "flags"}


def measure(name: str, system: System, seed: int, work: Path, shared: Path) -> dict[str, Any]:
    """Train, export, verify, write or score the test file."""
    run = work / f"{name}-{system.name.replace(' ', '_')}-{seed}"
    cost = train(system, seed, run)
    exported = run.parent / f"{run.name}-exported"
    command("export.py", str(run), "--output", str(exported), "--overwrite")
    proof = json.loads((exported / "verify.json").read_text(encoding="utf-8"))["artefacts"]
    texts = ("rows", "texts_identical", "texts_other", "texts_apart_at_ties", "largest_difference")
    kept = (*texts, "bleu", "chrf", "exact", "word_error_rate", "perplexity", "size_bytes", "ms_a_piece", "passed")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {
        **cost,
        "fit_s": metrics["seconds"]["fit"],
        "held_out": metrics["validation"],
        "verified": {form: {k: r[k] for k in kept if k in r} for form, r in proof.items()},
    }
    if not system.target:
        said = command("-m", "mmkeras.cli.main", "score", str(exported), "--file", str(system.test))
        return {**found, "perplexity": float(re.findall(r"perplexity ([\d.]+)", said)[0])}
    for way, flags in system.asked.items():
        found[way] = ask(exported, system, flags, work, shared / MEDIA_ROOTS[name] if name in MEDIA_ROOTS else None)
    return found


def ask(exported: Path, system: System, flags: tuple[str, ...], work: Path, media_root: Path | None) -> dict[str, Any]:
    """Figures of the texts of the test file, against all that stand with the same inputs."""
    table = pd.read_csv(system.test, dtype=str, keep_default_na=False)
    schema = json.loads((exported / "signature.json").read_text(encoding="utf-8"))["graphs"]["encode"]["inputs"]
    inputs = [entry["column"] for entry in schema if entry["kind"] != "presence"]
    groups = table.groupby(inputs, sort=False)[system.target].apply(list)
    rows = table.drop_duplicates(inputs)
    with tempfile.TemporaryDirectory() as scratch:
        questions, texts = Path(scratch) / "questions.csv", Path(scratch) / "texts.csv"
        rows[inputs].to_csv(questions, index=False)
        root = ("--media-root", str(media_root or system.test.parent))
        asked = ("--csv", str(questions), "--output", str(texts), *root, *flags)
        said = command("-m", "mmkeras.cli.main", "generate", str(exported), *asked)
        written = pd.read_csv(texts, dtype=str, keep_default_na=False)["text"].tolist()
    keys = rows[inputs[0]] if len(inputs) == 1 else list(rows[inputs].itertuples(index=False, name=None))
    references = [groups[key] for key in keys]
    speed = float(re.findall(r"([\d.]+) pieces a second", said)[0])
    figures = {**text_figures(written, references), "pieces_a_second": speed}
    return {**figures, "cider": cider(written, references)} if len(references[0]) > 1 else figures


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
            found = measure(name, system, args.seed, args.work, args.shared)
            figures.setdefault(name, {})[system.name] = found
            if name == "captions":
                figures[name]["peers"] = caption_baselines.peers(args.shared / "flickr1k", args.work)
            path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
            print(f"{name}: {system.name}: {json.dumps(found)}", flush=True)
    return 0
