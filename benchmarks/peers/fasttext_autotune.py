"""fastText's own search under a size limit: `-autotune-validation`, `-autotune-modelsize`. In fastText's environment.

    .venv-fasttext/bin/python -m benchmarks.peers.fasttext_autotune train.csv test.csv --output folder --seconds 60

A tenth of the training rows, drawn at random, is the validation file; fastText chooses everything else itself (rate,
epochs, dimensions, n-grams of words and of letters, buckets, pruning) and quantises the model so that it fits. Its text
is prepared as in fasttext_news.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.peers.command import Model, Peer, run
from benchmarks.peers.fasttext_news import LABELS, load_model, write_labels, written_lines

MODEL = "model.ftz"
VALIDATION_SHARE = 0.1


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Time of the search, size of the model, threads."""
    parser.add_argument("--seconds", type=int, default=60, help="wall-clock time of the search")
    parser.add_argument("--model-size", default="1M", help="in fastText's own notation")
    parser.add_argument("--threads", type=int, default=1)


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Write the two files, search and save. Returns what fastText chose."""
    import fasttext

    lines, names = written_lines(args)
    held = max(1, round(VALIDATION_SHARE * len(lines)))
    source, validation = args.output / "train.txt", args.output / "validation.txt"
    validation.write_text("".join(lines[:held]), encoding="utf-8")
    source.write_text("".join(lines[held:]), encoding="utf-8")
    model = fasttext.train_supervised(
        input=str(source),
        autotuneValidationFile=str(validation),
        autotuneDuration=args.seconds,
        autotuneModelSize=args.model_size,
        thread=args.threads,
        seed=args.seed,
        verbose=0,
    )
    model.save_model(str(args.output / MODEL))
    write_labels(args, names)
    for path in (source, validation):
        path.unlink()
    chosen = model.f.getArgs()
    names_of_settings = ("lr", "epoch", "dim", "wordNgrams", "minn", "maxn", "bucket")
    return {"seconds": args.seconds, **{name: getattr(chosen, name) for name in names_of_settings}}


def load(folder: Path) -> Model:
    """The saved model."""
    return load_model(folder, MODEL)


PEER = Peer(add_flags, train, load, (MODEL, LABELS))

if __name__ == "__main__":
    run(__doc__, PEER)
