"""Numbers far from all others do not set the scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import written_tables as tables
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.targets.target_kinds import mean_and_deviation
from mmkeras.data.values.outliers import outliers, winsorised


def test_one_far_number_of_many() -> None:
    numbers = np.append(np.linspace(-5, 5, 200), 1e9)
    assert outliers(numbers).tolist() == [False] * 200 + [True]
    mean, deviation = mean_and_deviation(numbers)
    assert abs(mean) < 0.1
    assert deviation < 4
    assert winsorised(numbers[:, None]).max() == 5


def test_no_outliers() -> None:
    rng = np.random.default_rng(0)
    for numbers in (
        rng.normal(0, 1, 500),
        rng.lognormal(0, 1.0, 500),
        rng.uniform(0, 1, 500),
        np.ones(50),
        np.arange(10.0) ** 9,
    ):
        assert not outliers(numbers).any()


def test_a_rare_flag_is_none() -> None:
    assert not outliers(np.array([0.0] * 197 + [1.0] * 3)).any()
    assert not outliers(np.array([0.0] * 190 + [1.0, 2.0, 5.0, 30.0] * 3)).any()


def test_far_numbers_are_told(tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.0f}" for v in tables.numbers(18, 70)], "99999999999", "-1726")
    table, column = tables.input_column(tmp_path, cells)
    assert column.kind == "number"
    assert "lie so far from all other numbers that they do not set the scale" in tables.notes_on(table, "x")
    assert "99999999999" in set(table.rows["x"])


def test_missing_numbers_are_none() -> None:
    assert not outliers(np.array([np.nan] * 30)).any()
    assert np.isnan(winsorised(np.full((30, 1), np.nan))).all()
    assert winsorised(np.zeros((3, 0))).shape == (3, 0)


@given(st.lists(st.floats(-1e300, 1e300), min_size=0, max_size=60))
def test_at_most_a_twentieth(values: list[float]) -> None:
    numbers = np.array(values, dtype=np.float64)
    found = outliers(numbers)
    assert found.sum() <= 0.05 * len(numbers) + 2
    if len(numbers):
        limited = winsorised(numbers[:, None])[:, 0]
        assert (limited[~found] == numbers[~found]).all()
