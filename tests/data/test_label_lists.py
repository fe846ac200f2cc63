"""Several labels a row, as people write them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import written_tables as tables
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.targets.label_lists import (
    FLAGS,
    LIST,
    MARKED,
    are_marked,
    find_notation,
    is_flags,
    labels_in,
    likeliest_notation,
)
from mmkeras.data.values.cells import NO_LABEL, split_labels
from mmkeras.errors import InputError

LABELS = ["action", "drama", "sci-fi", "komödie", "krimi"]
RANDOM = random.Random(4)
SETS = [sorted(RANDOM.sample(LABELS, RANDOM.randint(1, 3))) for _ in range(tables.N)]

WRITERS: dict[str, tuple[str, Callable[[list[str]], str]]] = {
    "pipes": ("a|b", "|".join),
    "pipes and spaces": ("a|b", " | ".join),
    "semicolons": ("a;b", "; ".join),
    "commas": ("a,b", ",".join),
    "commas and spaces": ("a,b", ", ".join),
    "JSON": (LIST, json.dumps),
    "Python": (LIST, str),
    "NumPy": (LIST, lambda labels: f"[{' '.join(map(repr, labels))}]"),
    "tuples": (LIST, lambda labels: str(tuple(labels))),
    "sets": (LIST, lambda labels: f"{{{', '.join(map(repr, labels))}}}"),
    "objects": (LIST, lambda labels: json.dumps([{"id": len(label), "name": label} for label in labels])),
    "bare words": (LIST, lambda labels: f"[{', '.join(labels)}]"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_the_notation_is_found_and_read(writer: str, tmp_path: Path) -> None:
    notation, write = WRITERS[writer]
    cells = [write(labels) for labels in SETS]
    assert find_notation(pd.Series(cells, dtype=object)) == notation
    assert [list(split_labels(labels_in(cell, notation))) for cell in cells] == SETS
    table = tables.read(tmp_path, {"text": tables.texts(), "genres": cells})
    assert table.task == "multilabel"
    assert [list(split_labels(cell)) for cell in table.rows["genres"]] == SETS
    assert "--task classify" in tables.notes_on(table, "genres")


@given(st.lists(st.sets(st.sampled_from(LABELS), min_size=1), min_size=40, max_size=60), st.sampled_from([*WRITERS]))
def test_any_labels_read_back(sets: list[set[str]], writer: str) -> None:
    notation, write = WRITERS[writer]
    for labels in sets:
        assert split_labels(labels_in(write(sorted(labels)), notation)) == tuple(sorted(labels))


@pytest.mark.parametrize(
    "classes",
    [
        *(["Paris, France", "Berlin, Germany"], ["Food, Drink & Co", "Sports", "Toys"], ["A; B", "C"]),
        *(
            ["Arts|Music", "Arts|Film", "Home|Kitchen"],
            ["[B-PER]", "[B-LOC]"],
            ["C++", "C#"],
            ["a", "b"],
            ["(x)", "(y)"],
        ),
    ],
)
def test_classes_with_separators_in_their_names(classes: list[str], tmp_path: Path) -> None:
    table = tables.read(tmp_path, {"text": tables.texts(), "kind": tables.chosen(*classes)})
    assert table.task == "classify"
    assert set(table.rows["kind"]) == set(classes)


def test_an_empty_list_is_no_label_and_an_empty_cell_no_target(tmp_path: Path) -> None:
    cells = tables.with_odd([json.dumps(labels) for labels in SETS], "[]", "[]", "", "{}")
    table = tables.read(tmp_path, {"text": tables.texts(), "tags": cells})
    assert (table.rows["tags"] == NO_LABEL).sum() == 3
    assert len(table.rows) == tables.N - 1
    assert [labels_in(cell, "a,b") for cell in ("[]", "", " ")] == [NO_LABEL, "", ""]


def test_labels_of_two_spellings_are_one(tmp_path: Path) -> None:
    cells = [f"{1 + k % 3}, {5 + k % 2}.0" if k % 2 else f"{1 + k % 3}.0, {5 + k % 2}" for k in range(tables.N)]
    table = tables.read(tmp_path, {"text": tables.texts(), "tags": cells})
    assert len({label for cell in table.rows["tags"] for label in split_labels(cell)}) == 5


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("1", "0"),
        ("1.0", "0.0"),
        ("TRUE", "FALSE"),
        ("Yes", "No"),
        ("ja", "nein"),
        ("Oui", "Non"),
        ("да", "нет"),
        ("x", ""),
    ],
)
def test_a_column_of_flags_for_each_label(true: str, false: str, tmp_path: Path) -> None:
    columns = {name: tables.chosen(true, false, seed=k) for k, name in enumerate(["rude", "threat"])}
    table = tables.read(tmp_path, {"text": tables.texts(), **columns}, target=("rude", "threat"), task="multilabel")
    assert [column.notation for column in table.targets] == [MARKED if not false else FLAGS] * 2
    for name, cells in columns.items():
        assert table.rows[name].tolist() == [name if cell == true else NO_LABEL for cell in cells]
    assert not any("Is the first line a header" in note for note in table.notes)


def test_flags_are_labels_by_default(tmp_path: Path) -> None:
    columns = {name: tables.chosen("0", "1", seed=k) for k, name in enumerate(["rude", "threat"])}
    table = tables.read(tmp_path, {"text": tables.texts(), **columns}, target=("rude", "threat"))
    assert table.task == "multilabel"
    assert "To predict numbers: --task regress" in " ".join(table.notes)


def test_other_columns_are_no_flags(tmp_path: Path) -> None:
    columns = {"text": tables.texts(), "a": tables.chosen("0", "1"), "b": tables.chosen("0", "2")}
    with pytest.raises(InputError, match="several columns must hold 0 and 1 alone"):
        tables.read(tmp_path, columns, target=("a", "b"), task="multilabel")


def test_what_is_a_flag() -> None:
    def cells(*values: str) -> pd.Series:
        return pd.Series(values, dtype=object)

    assert is_flags(cells("0", "1", ""))
    assert not is_flags(cells("0", "1", "2"))
    assert not is_flags(cells("", ""))
    assert are_marked(cells("x", ""))
    assert not are_marked(cells("x", "y?"))
    assert not are_marked(cells("1", "1"))
    assert likeliest_notation(cells("a; b", "c")) == "a;b"
    assert likeliest_notation(cells("a", "b")) == "a|b"
    assert labels_in("maybe", FLAGS, "rude") == ""


@pytest.mark.parametrize(
    "cell", ["[", "[[1, 2]]", "[" * 500 + "]" * 500, "['a'", "[a, [b]", "{1: 2}", "[null]", "['a|b']"]
)
def test_damaged_lists_end_in_labels(cell: str) -> None:
    labels = labels_in(cell, LIST)
    assert isinstance(labels, str)
    assert labels_in("['a|b']", LIST) == "a/b"
