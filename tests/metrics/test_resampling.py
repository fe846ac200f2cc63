"""Intervals and tests against known numbers."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.metrics.resampling import drawn, mcnemar, paired_difference, percentile_interval, resamples, wilson


def test_wilson_s_interval() -> None:
    """The example of Newcombe 1998, table I: 81 of 263, 0.2553 to 0.3662; and 0 of 20, 0 to 0.1611."""
    interval = wilson(81 / 263, 263)
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    none = wilson(0.0, 20)
    assert (none.low, none.high) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_mcnemar_s_exact_test() -> None:
    """Of the rows that one model alone has right, 1 and 9: p = 2 * (1 + 10) / 2**10."""
    right = np.array([True] * 9 + [False] * 1 + [True] * 30)
    other = np.array([False] * 9 + [True] * 1 + [True] * 30)
    assert mcnemar(right, other) == pytest.approx(22 / 1024)
    assert mcnemar(other, right) == pytest.approx(22 / 1024)
    assert mcnemar(right, right) == 1.0


def test_the_bootstrap_is_the_same_each_time_and_near_the_theory() -> None:
    values = np.random.default_rng(1).normal(size=400)
    samples = drawn([lambda counts: float(counts @ values / counts.sum())], 400)
    assert np.array_equal(samples, drawn([lambda counts: float(counts @ values / counts.sum())], 400))
    interval = percentile_interval(float(values.mean()), samples[0])
    error = 1.96 * values.std() / 20
    assert interval.low == pytest.approx(values.mean() - error, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + error, abs=0.02)
    assert all(counts.sum() == 400 for counts in resamples(400, count=3))


def test_a_difference_of_nothing_is_not_significant() -> None:
    assert paired_difference(0.0, np.zeros(100)).p == 1.0
    assert paired_difference(1.0, np.ones(100)).p < 0.05
