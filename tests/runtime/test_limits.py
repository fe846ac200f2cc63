"""Arrays of any length become what a graph can read, also one that was exported before graphs cut texts by themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras.errors import InputError
from mmkeras.modalities.text.cells import cut_rows, pad, truncate
from mmkeras.runtime.limits import Limits, answers_to_no_rows

TEXT = {"name": "a", "kind": "text", "dtype": "uint8", "shape": ["batch", "n_bytes"], "max_bytes": 8}
PHOTO = {"name": "p", "kind": "image", "dtype": "uint8", "shape": ["batch", "height", "width", 3], "size": 16}
SIGNATURE = {
    "inputs": [TEXT, PHOTO],
    "outputs": [
        {"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]},
        {"name": "a_ids", "dtype": "int32", "shape": ["batch", 2, "tokens"], "internal": True},
    ],
}
PIXELS = np.zeros((2, 4, 4, 3), "uint8")


@settings(deadline=None)
@given(st.lists(st.one_of(st.text().map(str.encode), st.binary()), min_size=1, max_size=6), st.integers(1, 24))
def test_rows_are_cut_as_cells_are(cells: list[bytes], max_bytes: int) -> None:
    whole = pad(cells)
    cut = cut_rows(whole, max_bytes)
    assert cut.shape[1] == min(whole.shape[1], max_bytes)
    np.testing.assert_array_equal(cut, pad([truncate(cell, max_bytes) for cell in cells], cut.shape[1]))


def test_within_the_limits_nothing_is_copied() -> None:
    inputs = {"a": pad([b"ab", b"c"]), "p": PIXELS}
    assert Limits(SIGNATURE).fit(inputs) is inputs


def test_longer_and_empty_texts() -> None:
    long = Limits(SIGNATURE).fit({"a": pad(["1234567é".encode(), b"x"]), "p": PIXELS})
    assert long["a"].tolist() == [[*b"1234567", 0], [*b"x", *[0] * 7]]
    empty = Limits(SIGNATURE).fit({"a": np.zeros((2, 0), "uint8"), "p": PIXELS})
    assert empty["a"].tolist() == [[0], [0]]


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match=r"p: a picture of 0 x 4 has no pixels\. Leave out"):
        Limits(SIGNATURE).fit({"a": pad([b"ab", b"c"]), "p": PIXELS[:, :0]})


def test_no_rows() -> None:
    outputs = answers_to_no_rows(SIGNATURE, None)
    assert {name: (array.shape, array.dtype.name) for name, array in outputs.items()} == {
        "probabilities": ((0, 3), "float32"),
        "a_ids": ((0, 2, 0), "int32"),
    }
    assert list(answers_to_no_rows(SIGNATURE, ["probabilities"])) == ["probabilities"]
