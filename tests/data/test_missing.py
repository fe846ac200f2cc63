"""One list of marks for missing values, for inputs and targets, longer and shorter by flags."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import written_tables as tables

from mmkeras.data.columns.column import Column
from mmkeras.data.values.clean import clean
from mmkeras.data.values.missing import MARKS, are_missing, marks_of


@pytest.mark.parametrize(
    "mark", ["", " ", "NA", "N/A", "nan", "None", "NULL", "#N/A", "#DIV/0!", "--", "\\N", "?", "-", "\u00a0"]
)
@pytest.mark.parametrize("kind", ["category", "text", "number", "date"])
def test_a_mark_of_every_kind(mark: str, kind: str) -> None:
    value = {"number": "1.5", "date": "2026-11-26"}.get(kind, "a value")
    cells, odd = clean(pd.Series([mark, f" {mark} ", value], dtype=object), Column("c", kind, "input"))
    assert cells.tolist() == ["", "", value]
    assert not odd.any()


@pytest.mark.parametrize("word", ["unknown", "UNKNOWN", "None", "none", "Missing", "k.A.", "n.a.", "nil", "."])
def test_words_are_marks_among_numbers_alone(word: str) -> None:
    assert are_missing([word], marks_of((), (), "number"), "number").tolist() == [True]
    assert are_missing([word], marks_of((), (), "category"), "category").tolist() == [word == "None"]


def test_flags_change_the_list() -> None:
    assert "keine" in marks_of(("keine",), (), "text")
    assert "KEINE" not in marks_of(("keine",), (), "text")
    assert are_missing(["KEINE"], marks_of(("keine",), (), "number"), "number").tolist() == [True]
    assert "NA" not in marks_of((), ("NA",), "category")
    assert are_missing(["NA", "-"], marks_of((), ("NA",), "number"), "number").tolist() == [False, True]
    assert {mark for mark in MARKS if mark not in marks_of((), ("none",), "category")} == set()


def test_marks_in_a_column_of_numbers_are_told(tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 9)], "#N/A", "--", "unknown", "n/a")
    table, column = tables.input_column(tmp_path, cells)
    assert (column.kind, column.odd) == ("number", 0)
    assert (table.rows["x"] == "").sum() == 4
    assert "4 cells are marks of a missing value" in tables.notes_on(table, "x")
    assert "--not-missing" in tables.notes_on(table, "x")


def test_missing_targets_are_left_out(tmp_path: Path) -> None:
    labels = tables.with_odd(tables.chosen("cat", "dog"), "nan", "None", "#N/A", "")
    table = tables.read(tmp_path, {"text": tables.texts(), "label": labels})
    assert len(table.rows) == tables.N - 4
    assert set(table.rows["label"]) == {"cat", "dog"}
    assert "4 of 200 rows are without a target: left out." in table.notes


def test_more_than_the_allowed_bad_rows_may_be_without_a_target(tmp_path: Path) -> None:
    labels = [label if k % 2 else "nan" for k, label in enumerate(tables.chosen("cat", "dog"))]
    assert len(tables.read(tmp_path, {"text": tables.texts(), "label": labels}).rows) == tables.N / 2


def test_namibia_is_a_country_if_said(tmp_path: Path) -> None:
    cells = tables.chosen("DE", "FR", "NA")
    table, _ = tables.input_column(tmp_path, cells)
    assert set(table.rows["x"]) == {"DE", "FR", ""}
    table, column = tables.input_column(tmp_path, cells, not_missing=("NA",))
    assert set(table.rows["x"]) == {"DE", "FR", "NA"}
    assert column.reading()["not_missing"] == ["NA"]
    assert not tables.notes_on(table, "x")


def test_plus_and_minus_are_results(tmp_path: Path) -> None:
    table, column = tables.input_column(tmp_path, tables.chosen("+", "-"))
    assert set(table.rows["x"]) == {"+", "-"}
    assert column.reading()["not_missing"] == ["-"]
    target = tables.read(tmp_path, {"text": tables.texts(), "test": tables.chosen("+", "-", "?")})
    assert set(target.rows["test"]) == {"+", "-"}
    assert set(tables.input_column(tmp_path, tables.chosen("A", "B", "-"))[0].rows["x"]) == {"A", "B", ""}


def test_a_column_of_marks_alone(tmp_path: Path) -> None:
    table, column = tables.input_column(tmp_path, tables.chosen("NA", "nan", ""))
    assert column.role == "ignored"
    assert "every cell is empty or a mark of a missing value" in tables.notes_on(table, "x")
