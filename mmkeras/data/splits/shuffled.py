"""Rows or groups drawn by a seed, as scikit-learn draws them, without its import, which takes a second.

The draws are those of scikit-learn's train_test_split and GroupShuffleSplit (1.x): a run's split is the same with
every version of mmkeras.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np


def shuffled_rows(n: int, test_size: float, seed: int, strata: Sequence[Any] | None) -> tuple[np.ndarray, np.ndarray]:
    """Of the rows 0…n-1 those that stay, and ceil(n * test_size) that are held out (int64), both shuffled.

    strata: of each row, of which both parts get their share; each has two rows at least, and no part fewer rows than
    there are strata. None: the rows are one stratum.
    """
    rng = np.random.RandomState(seed)
    n_test = math.ceil(n * test_size)
    if strata is None:
        order = rng.permutation(n)
        return order[n_test:], order[:n_test]
    _, stratum, counts = np.unique(np.asarray(strata), return_inverse=True, return_counts=True)
    members = np.split(np.argsort(stratum, kind="stable"), np.cumsum(counts)[:-1])
    kept = _shares(counts, n - n_test, rng)
    held_out = _shares(counts - kept, n_test, rng)
    train, test = [], []
    for rows, n_kept, n_held_out in zip(members, kept, held_out, strict=True):
        drawn = rows[rng.permutation(len(rows))]
        train.append(drawn[:n_kept])
        test.append(drawn[n_kept : n_kept + n_held_out])
    return rng.permutation(np.concatenate(train)), rng.permutation(np.concatenate(test))


def shuffled_groups(
    groups: Sequence[Any] | np.ndarray, test_size: float, seed: int, tries: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows (int64, ascending) that stay and that are held out, whole groups on one side; `tries` draws, one by one."""
    rng = np.random.RandomState(seed)
    distinct, group = np.unique(np.asarray(groups), return_inverse=True)
    n_test = math.ceil(len(distinct) * test_size)
    for _ in range(tries):
        is_held_out = np.zeros(len(distinct), dtype=bool)
        is_held_out[rng.permutation(len(distinct))[:n_test]] = True
        yield np.flatnonzero(~is_held_out[group]), np.flatnonzero(is_held_out[group])


def _shares(counts: np.ndarray, draws: int, rng: np.random.RandomState) -> np.ndarray:
    """How many of each stratum's rows are among `draws` of all: the most likely numbers, ties broken by chance.

    The mode of the multivariate hypergeometric distribution, to one row: by the largest remainders.
    """
    exact = counts / counts.sum() * draws
    shares = np.floor(exact)
    missing, remainder = int(draws - shares.sum()), exact - shares
    for value in np.unique(remainder)[::-1]:
        if missing <= 0:
            break
        tied = np.flatnonzero(remainder == value)
        added = rng.choice(tied, size=min(len(tied), missing), replace=False)
        shares[added] += 1
        missing -= len(added)
    return shares.astype(int)
