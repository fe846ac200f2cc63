"""The notation of a column of numbers, told by its cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import written_tables as tables
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.values.number_guess import evenly, find_numbers
from mmkeras.data.values.numbers import GROUPS


def written(number: float, group: str, decimal: str, digits: int = 2) -> str:
    """A number with separators."""
    return f"{number:,.{digits}f}".translate({ord(","): group, ord("."): decimal})


UNITS = [("", ""), ("$", ""), ("€ ", ""), ("", " €"), ("", "%"), ("", " kg"), ("CHF ", "")]


@given(
    st.lists(st.floats(-1e7, 1e7), min_size=5, max_size=40),
    st.sampled_from(GROUPS),
    st.sampled_from(UNITS),
)
def test_numbers_in_any_notation_read_back(
    values: list[float], separators: tuple[str, str], unit: tuple[str, str]
) -> None:
    prefix, suffix = unit
    cells = [f"{'-' if v < 0 else ''}{prefix}{written(abs(v), *separators)}{suffix}" for v in [*values, 1234.56, 0.07]]
    reading = find_numbers(cells)
    assert reading is not None
    assert not reading.odd.any()
    np.testing.assert_allclose(reading.numbers(), [round(v, 2) + 0.0 for v in [*values, 1234.56, 0.07]], atol=0.006)
    assert not reading.doubtful


@given(st.lists(st.integers(1, 10**12), min_size=3, max_size=30, unique=True))
def test_whole_numbers_are_plain(values: list[int]) -> None:
    reading = find_numbers([str(value) for value in values])
    assert reading is not None
    assert (reading.notation, reading.doubtful) == ("", "")
    assert reading.plain == [str(value) for value in values]


@given(st.lists(st.floats(-3e38, 3e38), min_size=3, max_size=30))
def test_python_numbers_are_plain_or_equal(values: list[float]) -> None:
    reading = find_numbers([repr(value) for value in values])
    assert reading is not None
    if reading.notation == "":
        assert reading.numbers().tolist() == [value + 0.0 for value in values]


def test_thousands_alone_are_doubtful() -> None:
    reading = find_numbers(["1,234", "12,345", "850", "99,001"])
    assert reading is not None
    assert reading.notation == "1,234.56"
    assert "',' is taken to separate thousands" in reading.doubtful
    with_comma = find_numbers(["1,234", "12,345", "850", "99,001"], decimal=",")
    assert with_comma is not None
    assert with_comma.notation == "1234,56"
    assert "as in the other columns" in with_comma.doubtful


def test_full_stops_of_thousands_beside_small_numbers() -> None:
    values = ["850", "1.234", "12.500", "99", "3.100", "7.777", "1.000"]
    reading = find_numbers(values)
    assert reading is not None
    assert reading.numbers().tolist() == [850, 1234, 12500, 99, 3100, 7777, 1000]
    plain = find_numbers([*values, "1.5"])
    assert plain is not None
    assert plain.notation == ""


def test_a_unit_of_powers() -> None:
    reading = find_numbers(["1.5M", "900K", "12K", "2B"])
    assert reading is not None
    assert reading.numbers().tolist() == [1.5e6, 9e5, 1.2e4, 2e9]
    metres = find_numbers(["1.5m", "2m", "3.25m"])
    assert metres is not None
    assert metres.numbers().tolist() == [1.5, 2, 3.25]


def test_mixed_units_are_no_numbers() -> None:
    assert find_numbers(["1 kg", "500 g", "2 kg", "700 g"]) is None
    assert find_numbers(["$5", "€6", "£7", "$8"]) is None


@pytest.mark.parametrize(
    "cells", [["1/5", "2/5"], ["10-20", "20-30"], ["1.2.3", "1.2.4"], ["a1", "b2"], ["12:30"], ["word"]]
)
def test_what_is_no_number(cells: list[str]) -> None:
    assert find_numbers(cells * 3) is None


def test_odd_cells_are_allowed_by_their_rows() -> None:
    values = [str(k) for k in range(20)] + ["<5"]
    few = find_numbers(values, rows=np.array([10] * 20 + [1]))
    assert few is not None
    assert few.odd.tolist() == [False] * 20 + [True]
    assert find_numbers(values, rows=np.array([1] * 20 + [20])) is None


def test_a_long_column_is_told_by_a_part_of_it() -> None:
    values = [f"{k},5" for k in range(20_000)]
    reading = find_numbers(values)
    assert reading is not None
    assert reading.notation == "1234,56"
    assert reading.numbers()[-1] == 19_999.5
    assert len(evenly(20_000, 200)) == 200
    assert evenly(3, 200).tolist() == [0, 1, 2]


def test_columns_with_certain_commas_decide_the_others(tmp_path: Path) -> None:
    columns = {
        "certain": [written(v, ".", ",") for v in tables.numbers(1, 99_999)],
        "open": [written(v, "", ",", 3) for v in tables.numbers(1, 99)],
        "label": tables.chosen("a", "b"),
    }
    table = tables.read(tmp_path, columns, ";")
    assert tables.column(table, "open").notation == "1234,56"
    assert tables.column(table, "open").doubtful
    assert "To change it: --notation" in tables.notes_on(table, "open")


def test_a_semicolon_speaks_for_decimal_commas(tmp_path: Path) -> None:
    cells = [written(v, "", ",", 3) for v in tables.numbers(1, 99)]
    assert tables.input_column(tmp_path, cells)[1].notation == "1,234.56"
    columns = {"x": cells, "label": tables.chosen("a", "b")}
    assert tables.column(tables.read(tmp_path, columns, ";"), "x").notation == "1234,56"
    columns["y"] = [f"{v:.1f}" for v in tables.numbers(1, 99)]  # its points are decimal ones
    assert tables.column(tables.read(tmp_path, columns, ";", target=("label",)), "x").notation == "1,234.56"


def test_largest_targets_in_american_notation_stay(tmp_path: Path) -> None:
    prices = [written(v, ",", ".") for v in tables.numbers(1, 2000)]
    table = tables.read(tmp_path, {"a": tables.numbers(0, 1), "price": prices})
    assert len(table.rows) == tables.N
    assert table.rows["price"].map(float).max() > 1900
    assert table.task == "regress"


def test_a_notation_is_given(tmp_path: Path) -> None:
    cells = [written(v, "", ",", 3) for v in tables.numbers(1, 99)]
    table, column = tables.input_column(tmp_path, cells, notation=("x=1234,56",))
    assert (column.notation, column.doubtful) == ("1234,56", "")
    assert table.rows["x"].map(float).max() < 100


def test_codes_are_no_numbers(tmp_path: Path) -> None:
    assert tables.input_column(tmp_path, tables.chosen("02139", "10001", "94105"))[1].kind == "category"
    assert tables.input_column(tmp_path, tables.chosen("1", "2", "3"))[1].kind == "number"
    table, column = tables.input_column(tmp_path, [f"{int(v):05}" for v in tables.numbers(1000, 99_000)])
    assert column.kind == "number"
    assert "some begin with 0" in tables.notes_on(table, "x")
    assert "--category 'x'" in tables.notes_on(table, "x")
