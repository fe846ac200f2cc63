"""The cells of a column by its reading, in training and in files to predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import written_tables as tables

from mmkeras.data.columns.column import Column
from mmkeras.data.table import read_rows
from mmkeras.data.values.clean import clean, fault, number_reading


def cells(*values: str) -> pd.Series:
    return pd.Series(values, dtype=object)


def test_numbers_by_their_notation() -> None:
    column = Column("x", "number", "input", notation="1.234,56", missing=("-9,0",))
    cleaned, odd = clean(cells("1.234,5", " 7 ", "NA", "-9,0", "", "x"), column)
    assert cleaned.tolist() == ["1234.5", "7", "", "", "", ""]
    assert odd.tolist() == [False] * 5 + [True]


def test_categories_and_texts() -> None:
    category, odd = clean(cells(" a", "a ", "1.0", "1", "1", "nan"), Column("x", "category", "input"))
    assert category.tolist() == ["a", "a", "1", "1", "1", ""]
    assert not odd.any()
    text, _ = clean(cells(" a ", "nan", " ", "b"), Column("x", "text", "input"))
    assert text.tolist() == [" a ", "", "", "b"]


def test_targets_are_folded() -> None:
    cleaned, _ = clean(cells(" two  words ", "two words", "None"), Column("x", "category", "target"))
    assert cleaned.tolist() == ["two words", "two words", ""]


def test_files_that_are_none() -> None:
    cleaned, odd = clean(cells("a.jpg", "a.pdf", ""), Column("x", "image", "input"))
    assert cleaned.tolist() == ["a.jpg", "", ""]
    assert odd.tolist() == [False, True, False]
    assert not clean(cells("a.pdf"), Column("x", "image", "input", given=True))[1].any()


def test_the_index_is_kept() -> None:
    series = pd.Series(["1", "x"], index=[7, 3], dtype=object)
    assert clean(series, Column("x", "number", "input"))[0].index.tolist() == [7, 3]


@pytest.mark.parametrize(
    ("trained", "values", "expected"),
    [
        ("", ["1,5", "2,25", "1.000,5"], [1.5, 2.25, 1000.5]),
        ("1.234,56", ["1.5", "2.25", "1,000.5"], [1.5, 2.25, 1000.5]),
        ("$1,234.56", ["1.5", "2.25"], [1.5, 2.25]),
        ("1.234,56", ["100", "200", "12.5"], [100, 200, 12.5]),
        ("1.234,56", ["1.500", "2,5"], [1500, 2.5]),
        ("", ["5", "x"], [5, np.nan]),
    ],
)
def test_a_file_in_another_notation(trained: str, values: list[str], expected: list[float]) -> None:
    reading = number_reading(values, Column("x", "number", "input", notation=trained))
    np.testing.assert_array_equal(reading.numbers(), expected)


def test_another_notation_is_told(tmp_path: Path) -> None:
    path = tables.write(tmp_path / "test.csv", {"x": ["1,5", "2,5", "x"], "y": ["1", "2", "3"]}, ";")
    table = read_rows(path, [Column("x", "number", "input"), Column("y", "number", "input")])
    assert table.rows["x"].tolist() == ["", "", ""] or table.rows["x"].tolist() == ["1.5", "2.5", ""]
    path = tables.write(tmp_path / "test.csv", {"x": ["1,5", "2,5", "7,25"], "y": ["1", "2", "3"]}, ";")
    table = read_rows(path, [Column("x", "number", "input"), Column("y", "number", "input")])
    assert table.rows["x"].tolist() == ["1.5", "2.5", "7.25"]
    assert table.notes == ("Column 'x' is read as numbers written '1234,56', not '1234.56'.",)


def test_faults_are_sentences() -> None:
    assert (
        fault("a", Column("x", "number", "input", notation="1,234.56"))
        == "expected a number such as 1,234.56, received 'a'"
    )
    assert "2026-11-26" in fault("a", Column("x", "date", "input"))
    assert fault("a", Column("x", "image", "input")) == "expected a file of the kind image, received 'a'"
