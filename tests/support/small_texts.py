"""Tiny sets for models that write: a language of twenty words and its translation, lines of text; and their runs."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path

import small_runs
from small_runs import write_rows

WORDS = {
    "the": "der", "a": "ein", "red": "rote", "old": "alte", "small": "kleine", "dog": "Hund", "man": "Mann",
    "tree": "Baum", "sees": "sieht", "likes": "mag", "finds": "findet", "and": "und",
}  # fmt: skip


def sentence(rng: random.Random) -> str:
    """A noun phrase, a verb, a noun phrase."""

    def phrase() -> str:
        adjective = [rng.choice(["red", "old", "small"])] if rng.random() < 0.5 else []
        return " ".join([rng.choice(["the", "a"]), *adjective, rng.choice(["dog", "man", "tree"])])

    return f"{phrase()} {rng.choice(['sees', 'likes', 'finds'])} {phrase()}"


def translation(text: str) -> str:
    """Word by word."""
    return " ".join(WORDS[word] for word in text.split()) + "."


def write_pairs(path: Path, rows: int = 300, seed: int = 0) -> Path:
    """A CSV with `en` and `de`."""
    rng = random.Random(seed)
    texts = [sentence(rng) for _ in range(rows)]
    return write_rows(path, [{"en": text, "de": translation(text)} for text in texts])


def write_lines(path: Path, lines: int = 300, seed: int = 0) -> Path:
    """A text file of sentences."""
    rng = random.Random(seed)
    path.write_text("\n".join(sentence(rng) for _ in range(lines)) + "\n", encoding="utf-8")
    return path


SMALL = ("--width", "32", "--depth", "1", "--max-target", "16", "--max-tokens", "16")


@dataclass(frozen=True)
class Made:
    """A run, its exported folder, and what both commands printed."""

    run: Path
    exported: Path
    said: str


def make(base: Path, name: str, *flags: str | Path) -> Made:
    run, exported = base / name, base / f"{name}-exported"
    trained = small_runs.main("train", *flags, "--output", run)
    assert trained.code == 0, trained.err
    done = small_runs.main("export", run, "--output", exported)
    assert done.code == 0, done.out + done.err
    return Made(run, exported, trained.out + done.out)


def proof(made: Made) -> dict[str, dict[str, object]]:
    return dict(json.loads((made.exported / "verify.json").read_text(encoding="utf-8"))["artefacts"])
