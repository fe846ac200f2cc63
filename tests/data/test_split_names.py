"""Columns that name the split or the fold of each row, however they do."""

from __future__ import annotations

from pathlib import Path

import pytest
import written_tables as tables

from mmkeras.data.splits.split_names import names_split, split_of


@pytest.mark.parametrize(
    ("cell", "split"),
    [
        *(
            ("train", "train"),
            ("TRAIN", "train"),
            ("Training", "train"),
            ("training set", "train"),
            ("train_data", "train"),
        ),
        *(("Trainingsdaten", "train"), ("entraînement", "train"), ("训练集", "train"), ("обучение", "train")),
        *(("val", "validation"), ("dev", "validation"), ("PublicTest", "validation"), ("验证", "validation")),
        *(("test", "test"), ("Testdaten", "test"), ("PrivateTest", "test"), ("hold-out", "test"), ("テスト", "test")),
        *(("trained", ""), ("set", ""), ("data", ""), ("bus", ""), ("", ""), ("12", "")),
    ],
)
def test_a_cell_that_names_a_split(cell: str, split: str) -> None:
    assert split_of(cell) == split


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *(
            ("split", ["train", "test"]),
            ("set", ["Train", "Test"]),
            ("Usage", ["Training", "PublicTest", "PrivateTest"]),
        ),
        *(
            ("Datensatz", ["Training", "Test"]),
            ("x", ["train", "dev", ""]),
            ("is_train", ["0", "1"]),
            ("isTrain", ["True", "False"]),
        ),
        *(
            ("fold", ["0", "1", "2"]),
            ("kfold", ["1", "2", "3", "4", "5"]),
            ("cv_fold_id", ["0.0", "1.0"]),
            ("split", ["val", "test"]),
        ),
    ],
)
def test_a_column_of_splits(name: str, values: list[str]) -> None:
    assert names_split(name, values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *(
            ("group", ["treatment", "control"]),
            ("part", ["1", "2"]),
            ("vehicle", ["train", "bus"]),
            ("stage", ["dev", "test"]),
        ),
        *(
            ("fold", ["3", "7"]),
            ("fold", [str(k) for k in range(300)]),
            ("flag", ["0", "1"]),
            ("split", ["train"]),
            ("split", []),
        ),
    ],
)
def test_another_column(name: str, values: list[str]) -> None:
    assert not names_split(name, values)


def test_a_split_is_left_out_and_offered(tmp_path: Path) -> None:
    table = tables.read(
        tmp_path,
        {"text": tables.texts(), "label": tables.chosen("a", "b"), "split": tables.chosen("train", "val", seed=5)},
    )
    assert tables.column(table, "split").role == "ignored"
    assert "--split-column 'split'" in tables.notes_on(table, "split")


def test_a_split_is_no_target(tmp_path: Path) -> None:
    table = tables.read(
        tmp_path,
        {"text": tables.texts(), "intent": tables.chosen("a", "b"), "fold": tables.chosen("0", "1", "2", seed=5)},
    )
    assert table.target is not None
    assert table.target.name == "intent"
