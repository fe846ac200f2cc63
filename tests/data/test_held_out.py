"""Rows that a column holds out: the split it names, whole groups, the latest rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import written_tables as tables

from mmkeras.config.config import Config
from mmkeras.data.splits.held_out import separate
from mmkeras.data.splits.split import Split, split_table
from mmkeras.data.table import Table
from mmkeras.errors import InputError

LABELS = tables.chosen("a", "b")


def split(folder: Path, columns: dict[str, list[Any]], **flags: Any) -> tuple[Table, Split]:
    """The table, and its rows in two splits."""
    table = tables.read(folder, {"text": tables.texts(), **columns, "label": LABELS}, **flags)
    return table, split_table(table, Config.of(csv=table.path, **flags).data)


@pytest.mark.parametrize(
    ("cells", "held_out"),
    [
        (tables.chosen("train", "val", "test", seed=5), "val"),
        (tables.chosen("Training", "Testdaten", seed=5), "Testdaten"),
        (tables.chosen("0", "1", "2", seed=5), "0"),
    ],
)
def test_a_column_names_the_split(cells: list[str], held_out: str, tmp_path: Path) -> None:
    table, parts = split(tmp_path, {"split": cells}, split_column="split")
    assert tables.column(table, "split").role == "ignored"
    assert set(parts.validation["split"]) == {held_out}
    assert held_out not in set(parts.train["split"])
    assert "test" not in set(parts.train["split"])
    assert "'split' decides" in " ".join(parts.notes)


def test_groups_stay_together(tmp_path: Path) -> None:
    groups = tables.with_odd([f"P{k % 40}" for k in range(tables.N)], "", "")
    table, parts = split(tmp_path, {"patient": groups}, group_column="patient")
    assert tables.column(table, "patient").role == "ignored"
    assert not set(parts.train["patient"]) & set(parts.validation["patient"]) - {""}
    assert 0.1 * tables.N < len(parts.validation) < 0.3 * tables.N
    assert "groups are held out as a whole" in " ".join(parts.notes)


@pytest.mark.parametrize(
    "times",
    [
        [f"{2000 + k // 12}-{1 + k % 12:02}-01" for k in range(tables.N)],
        [str(1000 + 3 * k) for k in range(tables.N)],
        [f"{1000 + k / 2:.1f}".replace(".", ",") for k in range(tables.N)],
        [f"01.{1 + k % 12:02}.{2000 + k // 12}" for k in range(tables.N)],
    ],
)
def test_the_latest_rows_are_held_out(times: list[str], tmp_path: Path) -> None:
    table, parts = split(tmp_path, {"time": times}, time_column="time", keep=("time",))
    assert parts.validation_lines.min() > parts.train_lines.max()
    assert len(parts.validation) == 0.2 * tables.N
    assert len(table.rows) == tables.N


def test_a_row_without_a_time_is_trained_on(tmp_path: Path) -> None:
    times = tables.with_odd([f"{2000 + k // 12}-{1 + k % 12:02}-01" for k in range(tables.N)], "", "nan")
    _, parts = split(tmp_path, {"time": times}, time_column="time")
    assert set(parts.train["time"]) >= {""}
    assert "" not in set(parts.validation["time"])


@pytest.mark.parametrize(
    ("columns", "flags", "words"),
    [
        ({"a": tables.texts()}, {"split_column": "a"}, "or numbers of folds, received 200 different cells"),
        ({"a": ["train"] * tables.N}, {"split_column": "a"}, "no row is left to hold out"),
        ({"a": ["x"] * tables.N}, {"group_column": "a"}, "1 different groups are too few"),
        ({"a": tables.chosen("x", "y", seed=8)}, {"time_column": "a"}, "expected dates or numbers"),
        ({"a": ["NA"] * tables.N}, {"time_column": "a"}, "every cell is empty|expected dates or numbers"),
        ({"a": LABELS}, {"time_column": "b"}, "'b' is not in the file"),
        ({"a": LABELS}, {"time_column": "a", "group_column": "a"}, "each decide which rows are held out"),
        ({"a": LABELS}, {"split_column": "a", "validation": "x.csv"}, "each decide which rows are held out"),
    ],
)
def test_what_cannot_decide(columns: dict[str, list[str]], flags: dict[str, str], words: str, tmp_path: Path) -> None:
    table = tables.read(tmp_path, {"text": tables.texts(), **columns, "label": tables.chosen("p", "q", seed=9)})
    with pytest.raises(InputError, match=words):
        separate(table, Config.of(csv=table.path, **flags).data)


def test_held_out_rows_of_a_new_class_are_left_out(tmp_path: Path) -> None:
    labels = ["new" if k == 3 else label for k, label in enumerate(LABELS)]
    cells = ["val" if k < 20 else "train" for k in range(tables.N)]
    table = tables.read(tmp_path, {"text": tables.texts(), "split": cells, "label": labels}, split_column="split")
    parts = split_table(table, Config.of(csv=table.path, split_column="split").data)
    assert len(parts.validation) == 19
    assert "1 held-out rows have a class that no training row has" in " ".join(parts.notes)


def test_rows_without_a_group_a_fold_or_a_time_are_counted(tmp_path: Path) -> None:
    """A mark of a missing value is no group and no fold."""
    groups = ["NA" if k % 10 == 0 else f"P{k % 40}" for k in range(tables.N)]
    missing = f"{tables.N // 10:,} rows"
    _, parts = split(tmp_path, {"patient": groups}, group_column="patient")
    assert f"{missing} without a group are each a group of their own" in " ".join(parts.notes)
    folds = ["NA" if k % 10 == 0 else str(k % 3) for k in range(tables.N)]
    _, parts = split(tmp_path, {"part": folds}, split_column="part")
    assert f"fold '0' of 3 is held out; {missing} without a fold are not used" in " ".join(parts.notes)
    assert "NA" not in {*parts.train["part"], *parts.validation["part"]}
    times = ["" if k % 10 == 0 else f"{2000 + k // 12}-{1 + k % 12:02}-01" for k in range(tables.N)]
    _, parts = split(tmp_path, {"time": times}, time_column="time")
    assert f"{missing} without a time are trained on" in " ".join(parts.notes)


def test_rare_classes_that_cannot_be_dropped_are_told(tmp_path: Path) -> None:
    groups = [f"P{k % 40}" for k in range(tables.N)]
    _, parts = split(tmp_path, {"patient": groups}, group_column="patient", rare_classes="drop")
    assert "--rare-classes drop changes nothing" in " ".join(parts.notes)
