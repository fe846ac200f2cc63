"""Columns that know the target: copies, other labels of the row, what decides it; and ordinary ones."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import pytest
import written_tables as tables

from mmkeras.data.columns.leaks import related

RANDOM = random.Random(3)
LABELS = tables.chosen("joy", "anger", "fear")
NUMBER_OF = {"joy": "0", "anger": "1", "fear": "2"}


def beside_label(folder: Path, name: str, cells: list[Any]) -> tuple[str, str]:
    """The role of a column beside texts and a label, and what is said of it."""
    table = tables.read(folder, {"text": tables.texts(), name: cells, "label": LABELS}, target=("label",))
    return tables.column(table, name).role, tables.notes_on(table, name)


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("label_text", LABELS),
        ("label_id", [NUMBER_OF[label] for label in LABELS]),
        ("target", [label.upper() for label in LABELS]),
        ("fine_label", [f"{label}-{RANDOM.randint(0, 2)}" for label in LABELS]),
        ("coarse_label", ["good" if label == "joy" else "bad" for label in LABELS]),
        ("is_joy", [str(int(label == "joy")) for label in LABELS]),
    ],
)
def test_another_spelling_of_the_target_is_left_out(name: str, cells: list[str], tmp_path: Path) -> None:
    role, note = beside_label(tmp_path, name, cells)
    assert role == "ignored"
    assert f"--keep {name!r}" in note


@pytest.mark.parametrize(
    ("name", "cells", "words"),
    [
        (
            "colour",
            [{"joy": "red", "anger": "blue", "fear": "grey"}[label] for label in LABELS],
            "its value alone tells",
        ),
        ("kind", ["good" if label == "joy" else "bad" for label in LABELS], "a coarser label"),
        (
            "level",
            [f"{int(NUMBER_OF[label]) + RANDOM.random() / 2:.3f}" for label in LABELS],
            "a threshold of it alone",
        ),
        ("label_confidence", [f"{RANDOM.random():.3f}" for _ in LABELS], "its name says"),
    ],
)
def test_what_decides_the_target_is_told(name: str, cells: list[str], words: str, tmp_path: Path) -> None:
    role, note = beside_label(tmp_path, name, cells)
    assert role == "input"
    assert words in note
    assert f"--ignore {name!r}" in note


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("score", [f"{RANDOM.random():.3f}" for _ in LABELS]),
        ("annotator", [label if RANDOM.random() < 0.9 else RANDOM.choice(LABELS) for label in LABELS]),
        ("rare", ["x" if k == 7 else "y" for k in range(len(LABELS))]),
        ("number", [str(RANDOM.randint(1, 50)) for _ in LABELS]),
        ("remark", [RANDOM.choice(tables.texts(12)) for _ in LABELS]),
    ],
)
def test_an_ordinary_column(name: str, cells: list[str], tmp_path: Path) -> None:
    assert beside_label(tmp_path, name, cells) == ("input", "")


def test_sentences_that_repeat_do_not_leak(tmp_path: Path) -> None:
    sentences = tables.texts(15)
    cells = [RANDOM.choice(sentences) for _ in range(tables.N)]
    intents = [("order", "greet", "leave")[sentences.index(cell) % 3] for cell in cells]
    table = tables.read(tmp_path, {"text": cells, "intent": intents})
    assert tables.column(table, "text").kind == "text"
    assert not tables.notes_on(table, "text")


@pytest.mark.parametrize(
    ("name", "copy", "role"),
    [
        ("price_eur", lambda v: f"{0.92 * v:.2f}", "ignored"),
        ("log_price", lambda v: f"{math.log(v):.6f}", "ignored"),
        ("area", lambda v: f"{v / 3:.3f}", "input"),
        ("noise", lambda v: f"{v + RANDOM.gauss(0, 2000):.2f}", "input"),
    ],
)
def test_a_number_that_is_the_target(name: str, copy: Any, role: str, tmp_path: Path) -> None:
    prices = tables.numbers(1, 9999)
    columns = {"a": tables.numbers(0, 1), name: [copy(v) for v in prices], "price": [f"{v:.2f}" for v in prices]}
    table = tables.read(tmp_path, columns)
    assert tables.column(table, name).role == role
    assert bool(tables.notes_on(table, name)) == (name != "noise")


def test_flags_before_the_target_may_be_labels(tmp_path: Path) -> None:
    flags = {name: tables.chosen("0", "1", seed=k) for k, name in enumerate(["rude", "threat", "spam"])}
    table = tables.read(tmp_path, {"text": tables.texts(), **flags})
    assert "--target rude threat spam" in " ".join(table.notes)
    named = tables.read(tmp_path, {"text": tables.texts(), **flags}, target=("spam",))
    assert "--target" not in " ".join(named.notes)


@pytest.mark.parametrize(
    ("name", "target", "expected"),
    [
        *(("label_text", "label", True), ("class_id", "class_name", True), ("season_name", "season", True)),
        *(("outcome", "target", True), ("text", "label", False), ("age", "season", False), ("sale", "sale", False)),
    ],
)
def test_names_of_one_label(name: str, target: str, expected: bool) -> None:
    assert related(name, target) == expected
