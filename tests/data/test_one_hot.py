"""Classes that act as one-hot rows: as the array of these rows, wherever a training reads it."""

from __future__ import annotations

import numpy as np

from mmkeras.data.targets.one_hot import OneHot

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
