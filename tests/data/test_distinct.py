"""The different cells of a column, and the rows of each."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mmkeras.data.values.distinct import Distinct

CELLS = st.lists(st.sampled_from(["", "a", " a ", "b", "1", "1.0", "\u00a0"]), max_size=30)


@given(CELLS)
def test_spreading_gives_the_stripped_cells_back(cells: list[str]) -> None:
    distinct = Distinct.of(cells)
    assert distinct.spread(distinct.texts).tolist() == [cell.strip() for cell in cells]
    assert len(set(distinct.texts)) == len(distinct.texts)
    assert distinct.rows.sum() == len(cells)


@given(CELLS)
def test_replacing_merges(cells: list[str]) -> None:
    distinct = Distinct.of(cells)
    merged = distinct.replaced([text.removesuffix(".0") for text in distinct.texts])
    assert merged.spread(merged.texts).tolist() == [cell.strip().removesuffix(".0") for cell in cells]
    assert len(set(merged.texts)) == len(merged.texts)


@given(CELLS)
def test_filled_rows(cells: list[str]) -> None:
    filled = Distinct.of(cells).filled()
    assert filled.spread(filled.texts).tolist() == [cell.strip() for cell in cells if cell.strip()]
