"""Spellings of one number or truth value are one value."""

from __future__ import annotations

from pathlib import Path

import pytest
import written_tables as tables
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.values.identity import joined, key_of, spelled_alike, spellings, usual_spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "1.0"),
        ("1", "1.00"),
        ("0", "-0.0"),
        ("2.5", "2.50"),
        ("-3", "-3."),
        ("TRUE", "true"),
        ("True", "tRUE"),
        ("Yes", "YES"),
    ],
)
def test_one_value(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("007", "7"),
        ("us", "US"),
        ("1", "-1"),
        ("1", "10"),
        ("1.5", "15"),
        ("Male", "male"),
        ("1", "true"),
        ("y", "yes"),
        ("1e3", "1000"),
    ],
)
def test_two_values(one: str, other: str) -> None:
    assert key_of(one) != key_of(other)


@given(st.integers(-(10**9), 10**9), st.integers(0, 3))
def test_a_whole_number_in_any_spelling(number: int, zeros: int) -> None:
    assert key_of(f"{number}.{'0' * zeros}") == key_of(str(number))
    if zeros:
        assert f"{number}.{'0' * zeros}" in spellings(str(number))


@given(st.lists(st.sampled_from(["1", "1.0", "2", "2.00", "TRUE", "True", "007", "us", "US", ""]), max_size=30))
def test_spelling_alike_joins_and_keeps(cells: list[str]) -> None:
    usual = usual_spellings(cells)
    alike = spelled_alike(cells, usual)
    assert [key_of(cell) for cell in alike] == [key_of(cell) for cell in cells]
    assert spelled_alike(alike, usual) == alike
    assert {other for others in joined(cells, usual).values() for other in others} == set(cells) - set(alike)
    counts = {cell: cells.count(cell) for cell in cells}
    assert usual_spellings(counts) == usual


def test_the_most_frequent_spelling_is_kept() -> None:
    assert usual_spellings(["1.0", "1.0", "1"]) == {"1": "1.0"}
    assert usual_spellings(["1.0", "1"]) == {"1": "1"}


def test_spellings_of_words() -> None:
    assert set(spellings("male")) == {"male", "MALE", "Male"}
    assert set(spellings("New York")) >= {"new york", "NEW YORK", "New York"}
    assert "007" in spellings("007")
    assert "7" not in spellings("007")


def test_classes_of_two_spellings_are_told(tmp_path: Path) -> None:
    table = tables.read(tmp_path, {"text": tables.texts(), "label": tables.chosen("1", "1.0", "0", "0.0", "2")})
    assert len(set(table.rows["label"])) == 3
    assert "spellings of one value are one" in tables.notes_on(table, "label")


def test_truth_values_of_an_input(tmp_path: Path) -> None:
    table, column = tables.input_column(tmp_path, tables.chosen("TRUE", "True", "false", "FALSE"))
    assert column.kind == "category"
    assert {value.lower() for value in table.rows["x"]} == {"true", "false"}
    assert len(set(table.rows["x"])) == 2


def test_case_alone_is_another_value(tmp_path: Path) -> None:
    table = tables.read(tmp_path, {"text": tables.texts(), "label": tables.chosen("us", "US", "de")})
    assert set(table.rows["label"]) == {"us", "US", "de"}
    assert "The labels 'US' and 'us' differ only in case" in " ".join(table.notes) or "'us' and 'US'" in " ".join(
        table.notes
    )
