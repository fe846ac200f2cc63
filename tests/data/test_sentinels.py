"""Numbers that stand for a missing one are found, told, and read so at prediction, too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import written_tables as tables
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.values.raw_cell import read_raw
from mmkeras.data.values.sentinels import find_sentinels


@pytest.mark.parametrize(
    ("sentinel", "low", "high"),
    [
        ("-999", 0, 40),
        ("-9999", -20, 40),
        ("-99", 0, 40),
        ("999", 18, 80),
        ("9999", 100, 250),
        ("99", 0, 10),
        ("-1", 18, 80),
    ],
)
def test_a_number_for_nothing(sentinel: str, low: int, high: int, tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.0f}" for v in tables.numbers(low, high)], *[sentinel] * 9)
    table, column = tables.input_column(tmp_path, cells)
    assert (table.rows["x"] == "").sum() == 9
    assert column.missing == (sentinel,)
    assert f"--not-missing {sentinel}" in tables.notes_on(table, "x")
    assert read_raw(sentinel, column) == ""
    table, column = tables.input_column(tmp_path, cells, not_missing=(sentinel,))
    assert (table.rows["x"] == sentinel).sum() == 9
    assert not tables.notes_on(table, "x")


def test_a_sentinel_in_the_notation_of_its_column(tmp_path: Path) -> None:
    cells = [f"{v:.2f}".replace(".", ",") for v in tables.numbers(0, 40)]
    table, column = tables.input_column(tmp_path, tables.with_odd(cells, *["-9.999,00"] * 6, "-9999,00"))
    assert set(column.missing) == {"-9.999,00", "-9999,00"}
    assert (table.rows["x"] == "").sum() == 7


def test_a_sentinel_of_the_target(tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 40)], *["-999"] * 8)
    table = tables.read(tmp_path, {"a": tables.numbers(0, 1), "y": cells})
    assert len(table.rows) == tables.N - 8
    assert table.rows["y"].map(float).min() >= 0


@pytest.mark.parametrize(
    "cells",
    [
        tables.chosen("-1", "0", "1"),
        [str(k % 21 - 10) for k in range(tables.N)],
        ["0" if k % 3 else str(1000 + k) for k in range(tables.N)],
        ["0" if k % 10 else ("99999" if k % 40 == 0 else str(3000 + 50 * k)) for k in range(tables.N)],
        [str(-1 if k % 5 else k) for k in range(tables.N)],
        [f"{v:.1f}" for v in tables.numbers(0, 100)],
        tables.chosen("10", "20", "99"),
    ],
)
def test_ordinary_numbers(cells: list[str], tmp_path: Path) -> None:
    assert tables.input_column(tmp_path, cells)[1].missing == ()


@given(st.lists(st.floats(0, 100), min_size=30, max_size=80), st.sampled_from([-9999.0, 99999.0, 1e9]))
def test_a_far_number_that_repeats(values: list[float], far: float) -> None:
    if (
        len({*values}) > 10
        and np.ptp(np.percentile(values, [1, 99])) > 1
        and np.mean(np.array(values) == min(values)) < 0.5
    ):
        assert find_sentinels(np.array([*values, far, far])) == [far]
        assert find_sentinels(np.array([*values, far])) == []
