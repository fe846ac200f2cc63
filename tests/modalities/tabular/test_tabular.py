"""Numbers and categories: the graph's features equal those computed in Python."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from mmkeras.modalities.category import layers as category
from mmkeras.modalities.category.encoder import encode_category
from mmkeras.modalities.number import layers as number
from mmkeras.modalities.number.cells import read_numbers
from mmkeras.modalities.number.encoder import encode_number
from mmkeras.modalities.number.spec import adapt_state
from mmkeras.modalities.text.cells import encode_cells


def test_numbers_are_standardised_and_missing_ones_are_the_median() -> None:
    cells = ["1", "2.5", "", "  ", "1e1", "-3"]
    values, present = read_numbers(cells)
    assert present.ravel().tolist() == [1, 1, 0, 0, 1, 1]
    state = adapt_state(cells)
    present_values = np.array([1, 2.5, 10, -3])
    assert state.mean == pytest.approx(present_values.mean())
    assert state.deviation == pytest.approx(present_values.std())
    assert state.median == pytest.approx(1.75)
    layer = number.Standardise(state.mean, state.deviation, state.median)
    features = np.asarray(layer(values, present))
    expected = (np.where(present.ravel() > 0, values.ravel(), 1.75) - present_values.mean()) / present_values.std()
    np.testing.assert_allclose(features[:, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(features[:, 1], np.sign(expected) * np.log1p(np.abs(expected)), rtol=1e-5)
    again = number.Standardise.from_config(layer.get_config())
    np.testing.assert_array_equal(np.asarray(again(values, present)), features)


@pytest.mark.parametrize("cells", [["5", "5", "5"], ["", ""], []])
def test_columns_that_say_nothing_stay_finite(cells: list[str]) -> None:
    state = adapt_state(cells)
    layer = number.Standardise(state.mean, state.deviation, state.median)
    assert np.isfinite(np.asarray(layer(np.array([[5.0], [1e30]], "float32"), np.ones((2, 1), "float32")))).all()


@pytest.mark.parametrize("unit", [1e-12, 1e-7, 1.0, 1e9])
def test_a_number_s_unit_does_not_matter(unit: float) -> None:
    cells = [str(unit * value) for value in (4.0, 5.5, 7.0, 4.5)]
    state = adapt_state(cells)
    values, present = read_numbers(cells)
    features = np.asarray(number.Standardise(state.mean, state.deviation, state.median)(values, present))[:, 0]
    present_values = np.array([4.0, 5.5, 7.0, 4.5])
    np.testing.assert_allclose(features, (present_values - present_values.mean()) / present_values.std(), rtol=1e-4)


def test_a_slip_of_the_keyboard_is_cut() -> None:
    layer = number.Standardise(0.0, 1.0, 0.0)
    far = np.asarray(layer(np.array([[1e6]], "float32"), np.ones((1, 1), "float32")))[0]
    assert far[0] == number.FURTHEST
    assert far[1] == pytest.approx(np.log1p(1e6), rel=1e-5)


def test_categories_are_looked_up_by_their_bytes() -> None:
    cells = ["red"] * 5 + ["blue"] * 3 + ["été"] * 2 + ["once", "", " red "]
    vocabulary, values = category.adapt_values(cells, min_rows=2)
    assert values == ("red", "blue", "été")
    layer = category.CategoryRows(vocabulary)
    asked = ["red", "blue", "été", "once", "Red", "", "re", "redd", "\x00x", "ÉTÉ", "3"]
    rows = np.asarray(layer(encode_cells(asked, category.MAX_BYTES))).ravel().tolist()
    first = category.FIRST_KNOWN
    assert rows == [first, first + 1, first + 2, 1, first, 0, 1, 1, 0, first + 2, 1]


@pytest.mark.parametrize(
    ("trained", "asked"),
    [
        ("3", ["3.0", "3.00", "3.", "3"]),
        ("3.0", ["3", "3.00", "3.000"]),
        ("-2.5", ["-2.50", "-2.500"]),
        ("True", ["TRUE", "true", "True"]),
        ("male", ["Male", "MALE"]),
        ("New York", ["NEW YORK", "new york", "New york"]),
        ("köln", ["Köln", "KÖLN"]),
    ],
)
def test_spellings_of_a_category_have_its_row(trained: str, asked: list[str]) -> None:
    vocabulary, values = category.adapt_values([trained] * 3 + ["other"] * 2, min_rows=2)
    assert values == (trained, "other")
    rows = np.asarray(category.CategoryRows(vocabulary)(encode_cells(asked, category.MAX_BYTES)))
    assert rows.ravel().tolist() == [category.FIRST_KNOWN] * len(asked)


def test_spellings_that_are_two_values_stay_apart() -> None:
    vocabulary, values = category.adapt_values(["us"] * 4 + ["US"] * 3 + ["007"] * 2, min_rows=2)
    rows = np.asarray(category.CategoryRows(vocabulary)(encode_cells([*values, "Us", "7", "7.0"], category.MAX_BYTES)))
    first = category.FIRST_KNOWN
    assert values == ("us", "US", "007")
    assert rows.ravel().tolist() == [first, first + 1, first + 2, first, 1, 1]


def test_the_hash_of_a_cell_is_the_graphs() -> None:
    cells = ["a", "abc", "中文", "x" * 300, "ÿ" * 128, "0"]
    both, used = category.HashBytes()(encode_cells(cells, category.MAX_BYTES))
    keys = (np.asarray(both)[0] * 4096 + np.asarray(both)[1]).ravel().astype(int).tolist()
    assert keys == [category.hash_cell(cell) for cell in cells]
    assert np.asarray(used).ravel().tolist() == [1.0] * len(cells)


def test_padding_changes_no_category() -> None:
    vocabulary, _ = category.adapt_values(["one", "two"] * 3, min_rows=2)
    layer = category.CategoryRows(vocabulary)
    short = encode_cells(["one", "two", "six"], 64)
    np.testing.assert_array_equal(layer(short), layer(np.pad(short, [(0, 0), (0, 9)])))


def test_encoders_give_one_token() -> None:
    value, row = keras.Input((2,)), keras.Input((1,), dtype="int32")
    for encoded in (encode_number(value, 8, "price"), encode_category(row, 3, 8, "brand")):
        assert encoded.tokens.shape == (None, 1, 8)
        assert encoded.mask.shape == (None, 1)
