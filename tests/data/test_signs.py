"""Signs that tell classes apart are noticed, and only those."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import small_runs
import written_tables as tables

from mmkeras.config.config import Config
from mmkeras.data.columns.signs import sign_notes, telling_sign
from mmkeras.data.table import read_table
from mmkeras.system.progress import Log
from mmkeras.training.sources import read_tables

RANDOM = random.Random(6)
DATA = small_runs.ROOT.parent / "shared" / "data"


def sentences(*ends: str, n: int = 300) -> tuple[list[str], list[str]]:
    """Sentences of words without a meaning, each with one of the ends, and the class that it names."""
    labels = [f"c{k % len(ends)}" for k in range(n)]
    words = [" ".join(RANDOM.choices(tables.WORDS, k=8)) for _ in range(n)]
    return [f"{text} {ends[k % len(ends)]} {RANDOM.choice(tables.WORDS)}" for k, text in enumerate(words)], labels


def sign_of(texts: list[str], labels: list[str]) -> str:
    return telling_sign(texts, [(label,) for label in labels])


@pytest.mark.parametrize(
    ("ends", "signs"),
    [
        ((":)", ":("), {":)", ":(", "(", ")"}),
        ((":-)", ";-)"), {":-)", ";-)"}),
        (("C++", "C#", "C"), {"++", "#", "+"}),
        (("$5", "€5"), {"$", "€"}),
        (("why?", "why!"), {"?", "!"}),
        (("a_b", "a.b"), {"_", "."}),
        (("(x)", "x"), {"(", ")"}),
    ],
)
def test_signs_that_tell(ends: tuple[str, ...], signs: set[str]) -> None:
    assert sign_of(*sentences(*ends)) in signs


@pytest.mark.parametrize(
    "ends", [("good :)", "bad :("), ("good", "bad"), ("😀", "😡"), (".", "."), ("", ""), ("it's", "its")]
)
def test_words_that_tell_as_well(ends: tuple[str, ...]) -> None:
    assert sign_of(*sentences(*ends)) == ""


def test_signs_without_a_class() -> None:
    texts, _ = sentences(":)", ":(", "!", "?")
    assert sign_of(texts, tables.chosen("a", "b", n=len(texts))) == ""
    assert sign_of(texts[:40], ["a", "b"] * 20) == ""
    assert sign_of([], []) == ""


def test_signs_of_labels() -> None:
    texts, labels = sentences(":)", ":(")
    rows = [(label, "all") if k % 3 else (label,) for k, label in enumerate(labels)]
    assert telling_sign(texts, rows) in {":)", ":(", "(", ")"}


def test_a_table_is_told_before_training(tmp_path: Path) -> None:
    texts, labels = sentences(":)", ":(")
    path = tables.write(tmp_path / "a.csv", {"text": texts, "label": labels})
    lines: list[str] = []
    log: Log = lines.append
    read_tables(Config.of(csv=str(path)), log)
    assert any("In column 'text' signs such as" in line and "--tokens byte keeps them." in line for line in lines)
    lines.clear()
    read_tables(Config.of(csv=str(path), tokens="byte"), log)
    assert not any("signs" in line for line in lines)


def test_numbers_have_no_classes(tmp_path: Path) -> None:
    texts, _ = sentences("$5", "€5")
    assert sign_notes(tables.read(tmp_path, {"text": texts, "price": tables.numbers(0, 9, len(texts))})) == []


@pytest.mark.parametrize(
    "name", ["news20/train.csv.gz", "mr/train.csv", "trec/train.csv", "webkb/train.csv", "tnews/train.csv"]
)
def test_no_false_alarm_on_real_texts(name: str) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    config = Config.of(csv=str(path))
    assert sign_notes(read_table(config.data)) == []
