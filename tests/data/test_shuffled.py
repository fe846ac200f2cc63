"""Rows and groups drawn by a seed: the draws of scikit-learn."""

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from mmkeras.data.splits.shuffled import shuffled_groups, shuffled_rows


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1])
@pytest.mark.parametrize("test_size", [0.05, 0.2, 1 / 3])
@pytest.mark.parametrize("classes", [0, 2, 7, 15])
def test_rows_are_those_of_train_test_split(seed: int, test_size: float, classes: int) -> None:
    rng = np.random.default_rng(seed)
    for n in (120, 1_003):
        # the first rows have each class ten times; few classes are of equal size, so ties are rare and do occur
        sizes = np.r_[np.repeat(np.arange(classes), 10), rng.integers(0, max(classes, 1), n)][:n] ** 2 % 11
        strata = [f"class {k}" for k in sizes] if classes else None
        expected = train_test_split(np.arange(n), test_size=test_size, random_state=seed, stratify=strata)
        for ours, theirs in zip(shuffled_rows(n, test_size, seed, strata), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_strata_of_equal_size_have_the_same_ties() -> None:
    strata = [k % 9 for k in range(99)]
    expected = train_test_split(np.arange(99), test_size=0.25, random_state=3, stratify=strata)
    for ours, theirs in zip(shuffled_rows(99, 0.25, 3, strata), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("groups", [[k % 13 for k in range(200)], [f"g{k * k % 31}" for k in range(200)]])
def test_groups_are_those_of_group_shuffle_split(groups: list[int] | list[str]) -> None:
    for seed in (0, 7):
        splitter = GroupShuffleSplit(5, test_size=0.2, random_state=seed)
        expected = list(splitter.split(groups, groups=groups))
        for ours, theirs in zip(shuffled_groups(groups, 0.2, seed, 5), expected, strict=True):
            np.testing.assert_array_equal(ours[0], theirs[0])
            np.testing.assert_array_equal(ours[1], theirs[1])
