"""Classes that act as one-hot rows: as the array of these rows, wherever a training reads it."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.data.targets.one_hot import MultiHot, OneHot

TRUTH = np.array([2, 0, -1, 1, 2])
ROWS = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]], "float32")


def test_it_reads_as_the_array_of_its_rows() -> None:
    made = OneHot(TRUTH.astype("int32"), 3)
    assert (made.shape, len(made)) == (ROWS.shape, len(ROWS))
    for rows in (np.array([4, 2, 2]), slice(1, 4), np.array([], "int64")):
        np.testing.assert_array_equal(made[rows], ROWS[rows], strict=True)
    np.testing.assert_array_equal(made.argmax(axis=1), ROWS.argmax(axis=1), strict=True)
    np.testing.assert_array_equal(np.asarray(made), ROWS, strict=True)
    np.testing.assert_array_equal(np.concatenate([made, made[:2]]), np.concatenate([ROWS, ROWS[:2]]), strict=True)


def test_a_row_takes_four_bytes() -> None:
    assert OneHot(np.zeros(10, "int32"), 1000).classes.nbytes == 40


@pytest.mark.parametrize("width", [1, 7, 8, 9, 100])
def test_labels_as_bits(width: int) -> None:
    truth = (np.random.default_rng(width).random((50, width)) < 0.3).astype("float32")
    made = MultiHot.of([truth[:20], truth[20:]], width)
    assert made.shape == truth.shape
    assert made.bits.nbytes == 50 * -(-width // 8)
    for rows in (slice(3, 9), np.array([4, 0, 49]), slice(None)):
        np.testing.assert_array_equal(made[rows], truth[rows])
        assert made[rows].dtype == "float32"
    np.testing.assert_array_equal(np.concatenate([made, made]), np.concatenate([truth, truth]))
    np.testing.assert_array_equal(made.argmax(axis=1), truth.argmax(axis=1))
    assert MultiHot.of([], width).shape == (0, width)
