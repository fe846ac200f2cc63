"""Rows of unequal length against Python's lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.features import ragged
from mmkeras.features.ragged import Ragged, concatenate, from_mask

Lists = list[list[int]]
lists = st.lists(st.lists(st.integers(1, 99), max_size=5), max_size=8)


def make(rows: Lists) -> Ragged:
    """Two columns: the numbers, and their halves."""
    flat = np.array([x for row in rows for x in row], "int32")
    return Ragged(np.cumsum([0, *map(len, rows)]), (flat, flat.astype("float32") / 2))


def unmake(rows: Ragged) -> Lists:
    """The numbers; the second column must still go with the first."""
    numbers, halves = rows.columns
    np.testing.assert_array_equal(numbers / 2, halves)
    return [numbers[a:b].tolist() for a, b in zip(rows.starts[:-1], rows.starts[1:], strict=True)]


@given(lists, st.data())
def test_take(rows: Lists, data: st.DataObject) -> None:
    packed = make(rows)
    assert len(packed) == len(rows)
    assert packed.lengths.tolist() == [len(row) for row in rows]
    assert packed.row_numbers().tolist() == [i for i, row in enumerate(rows) for _ in row]
    index = data.draw(st.lists(st.integers(0, len(rows) - 1)) if rows else st.just([]))  # any order, repeats too
    subset = packed.take(np.array(index, "int64"))
    assert unmake(subset) == [rows[i] for i in index]
    assert unmake(subset.take(np.arange(len(index))[::-1])) == [rows[i] for i in index[::-1]]
    assert subset.columns[0].dtype == np.int32


@given(lists, st.integers(0, 3))
def test_padded(rows: Lists, more: int) -> None:
    longest = max([1, *map(len, rows)])
    for width, expected in ((None, longest), (longest + more, longest + more)):
        numbers, halves = make(rows).padded(width)
        assert numbers.shape == halves.shape == (len(rows), expected)
        assert numbers.tolist() == [row + [0] * (expected - len(row)) for row in rows]
        np.testing.assert_array_equal(numbers / 2, halves)
        assert numbers.dtype == np.int32
        assert halves.dtype == np.float32


def test_padded_of_rows_that_do_not_begin_at_the_start() -> None:
    whole = make([[1, 2], [3], [4, 5, 6]])
    tail = Ragged(whole.starts[1:], whole.columns)
    assert tail.padded()[0].tolist() == [[3, 0, 0], [4, 5, 6]]


def test_padded_refuses_a_width_below_the_longest_row() -> None:
    with pytest.raises(ValueError, match="assign"):
        make([[1, 2, 3], [4]]).padded(2)


@given(lists)
def test_from_mask_undoes_padding(rows: Lists) -> None:
    numbers, halves = make(rows).padded()
    assert unmake(from_mask(numbers > 0, numbers, halves)) == rows


def test_from_mask_closes_gaps() -> None:
    numbers = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    filled = np.array([[True, False, True], [False, False, False], [False, True, False]])
    assert unmake(from_mask(filled, numbers, numbers / 2)) == [[1, 3], [], [8]]


@given(st.lists(lists, min_size=1, max_size=4))
def test_concatenate(parts: list[Lists]) -> None:
    assert unmake(concatenate([make(part) for part in parts])) == [row for part in parts for row in part]


@pytest.mark.parametrize("rows", [[[1, 2], [], [3]], [[], []], []])
def test_the_disk(rows: Lists, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "below"
    ragged.save(make(rows), folder)
    loaded = ragged.load(folder)
    assert unmake(loaded) == rows
    assert all(isinstance(column, np.memmap) for column in loaded.columns)  # not read as a whole
    assert unmake(loaded.take(np.arange(len(rows)))) == rows
    assert not isinstance(loaded.take(np.arange(len(rows))).columns[0], np.memmap)
    ragged.save(make([[9]]), folder)  # another time into the same folder
    assert unmake(ragged.load(folder)) == [[9]]
