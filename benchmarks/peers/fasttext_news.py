"""fastText, supervised, word pairs: the package fasttext-wheel, which needs numpy below 2 (its own environment).

    .venv-fasttext/bin/python -m benchmarks.peers.fasttext_news train.csv test.csv --output folder

The text is prepared as fastText's tutorial does it: lower case, punctuation apart, one line. Chinese is split into
characters. Its input is shuffled, because it reads the file in order and rows sorted by class give a bad model.
Learning rate 1 and 25 epochs are the tutorial's too, and of seven pairs the best over the three sets, on a fifth of
the training rows (BBC 95.6, news20 84.8, tnews 49.1).
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.command import Model, Peer, read_rows, run

MODEL, LABELS = "model.bin", "labels.json"
PUNCTUATION = re.compile(r"([.!?,'/()])")  # the tutorial's sed command


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Learning rate, epochs and threads; the rest is fastText's own default."""
    parser.add_argument("--learning-rate", type=float, default=1.0)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--threads", type=int, default=1)


def words(text: str) -> str:
    """A text as words with spaces between."""
    return " ".join(PUNCTUATION.sub(r" \1 ", text.lower()).split())


def characters(text: str) -> str:
    """A text as characters with spaces between."""
    return " ".join("".join(text.lower().split()))


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Write fastText's input file, train and save."""
    import fasttext

    lines, names = written_lines(args)
    source = args.output / "train.txt"
    source.write_text("".join(lines), encoding="utf-8")
    settings = {"lr": args.learning_rate, "epoch": args.epochs, "wordNgrams": 2}
    model = fasttext.train_supervised(input=str(source), thread=args.threads, seed=args.seed, verbose=0, **settings)
    model.save_model(str(args.output / MODEL))
    write_labels(args, names)
    source.unlink()
    return settings


def written_lines(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    """The training rows as fastText's lines, shuffled by the seed, with labels as numbers; and the labels' names."""
    texts, labels = read_rows(args.train)
    names = sorted(set(labels))
    number = {name: index for index, name in enumerate(names)}
    prepare = characters if args.characters else words
    lines = [f"__label__{number[label]} {prepare(text)}\n" for text, label in zip(texts, labels, strict=True)]
    random.Random(args.seed).shuffle(lines)
    return lines, names


def write_labels(args: argparse.Namespace, names: list[str]) -> None:
    """Write beside the model what a client needs: the labels' names, and how the text is prepared."""
    (args.output / LABELS).write_text(json.dumps({"characters": args.characters, "labels": names}), encoding="utf-8")


def load(folder: Path) -> Model:
    """The saved model."""
    return load_model(folder, MODEL)


def load_model(folder: Path, file: str) -> Model:
    """A saved model, with the text prepared as in training."""
    import fasttext

    # load_model prints an empty warning line when it is called (fastText 0.9.2).
    fasttext.FastText.eprint = lambda *_: None
    model = fasttext.load_model(str(folder / file))
    state = json.loads((folder / LABELS).read_text(encoding="utf-8"))
    names: list[str] = state["labels"]
    prepare: Callable[[str], str] = characters if state["characters"] else words

    def answer(text: str) -> str:
        return names[int(model.predict(prepare(text))[0][0].removeprefix("__label__"))]

    def predict(texts: list[str]) -> list[str]:
        predicted = model.predict([prepare(text) for text in texts])[0]
        return [names[int(labels[0].removeprefix("__label__"))] for labels in predicted]

    return Model(predict, answer)


PEER = Peer(add_flags, train, load, (MODEL, LABELS))

if __name__ == "__main__":
    run(__doc__, PEER)
