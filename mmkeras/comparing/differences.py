"""The figures of all models on the same rows, with intervals, and their differences to those of the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from mmkeras.comparing.figures import Figure
from mmkeras.comparing.result import Compared, Comparison
from mmkeras.comparing.subjects import Subject
from mmkeras.metrics.resampling import (
    Difference,
    Interval,
    drawn,
    mcnemar,
    paired_difference,
    percentile_interval,
    wilson,
)

FEWEST: Final = 10
"""Rows of a comparison: the intervals of fewer say nothing."""
INTERVALS: Final = (
    "[ ]: 95 % intervals: Wilson's for shares of right rows, else the percentiles of 1,000 bootstrap samples of the "
    "rows (seed 0). Differences are paired, row by row."
)


def comparison(
    subjects: Sequence[Subject], figures: Sequence[Sequence[Figure]], n: int, notes: Sequence[str], score: str
) -> Comparison:
    """The figures of each subject with their intervals, and the differences of `score` to the first subject's."""
    ones = np.ones(n)
    samples = [drawn([figure.value for figure in own], n) for own in figures]
    runs, further = [], list[str]()
    for subject, own, own_samples in zip(subjects, figures, samples, strict=True):
        intervals = {}
        for figure, sampled in zip(own, own_samples, strict=True):
            value = figure.value(ones)
            intervals[figure.name] = (
                wilson(value, n) if figure.right is not None else percentile_interval(value, sampled)
            )
        difference = None
        if subject is not subjects[0]:
            difference = difference_of(score, (own, own_samples), (figures[0], samples[0]), intervals, n)
        runs.append(Compared(subject.name, intervals, difference, subject.megabytes, subject.seconds))
    absent = [run.name for run in runs if len(run.figures) < max(len(other.figures) for other in runs)]
    if absent:
        further.append(f"{', '.join(absent)}: of an earlier version, without probabilities of its held-out rows.")
    test = (
        "p: the exact test of McNemar" if figures[0][index_of(score, figures[0])].right is not None else "p: bootstrap"
    )
    return Comparison(tuple(runs), n, score, (*notes, *further, f"{INTERVALS} {test}; `differs`: p < 0.05."))


def index_of(name: str, figures: Sequence[Figure]) -> int:
    """The place of a figure."""
    return [figure.name for figure in figures].index(name)


def difference_of(
    score: str,
    own: tuple[Sequence[Figure], np.ndarray],
    first: tuple[Sequence[Figure], np.ndarray],
    intervals: dict[str, Interval],
    n: int,
) -> Difference:
    """The difference of `score` to that of the first subject on the same samples."""
    mine, its = index_of(score, own[0]), index_of(score, first[0])
    value = intervals[score].value - first[0][its].value(np.ones(n))
    difference = paired_difference(value, own[1][mine] - first[1][its])
    right, first_right = own[0][mine].right, first[0][its].right
    if right is None or first_right is None:
        return difference
    return Difference(difference.value, difference.low, difference.high, mcnemar(right, first_right))
