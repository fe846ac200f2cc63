"""Classes and categories of a second file are spelled as in the first one."""

from __future__ import annotations

from pathlib import Path

import written_tables as tables

from mmkeras.data.columns.spelling import spelled_as
from mmkeras.data.table import read_rows
from mmkeras.data.targets.target_kinds import class_numbers


def test_held_out_rows_are_spelled_as_the_training_rows(tmp_path: Path) -> None:
    columns = {
        "text": tables.texts(),
        "vip": tables.chosen("True", "False", seed=4),
        "label": tables.chosen("1.0", "2.0"),
    }
    table = tables.read(tmp_path, columns)
    path = tables.write(
        tmp_path / "new.csv", {"text": ["a", "b", "c"], "vip": ["TRUE", "false", "?"], "label": ["1", "2", "3"]}
    )
    other = spelled_as(table, read_rows(path, table.columns))
    assert other.rows["vip"].tolist() == ["True", "False", ""]
    assert other.rows["label"].tolist() == ["1.0", "2.0", "3"]


def test_truth_in_another_spelling_is_known() -> None:
    import pandas as pd

    labels = ("0.0", "1.0", "TRUE")
    cells = pd.Series(["0", "1.00", "true", "2", "1.0"], dtype=object)
    assert class_numbers([cells], labels).tolist() == [0, 1, 2, -1, 1]
    assert class_numbers([cells], ("1", "1.0")).tolist() == [-1, -1, -1, -1, 1]
