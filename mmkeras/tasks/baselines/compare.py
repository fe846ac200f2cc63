"""Figures of the baselines on the held-out rows, with intervals, and the model's paired differences to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from mmkeras.config.config import Config
from mmkeras.graph import columns_in
from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.intervals import RowStatistics, row_statistics
from mmkeras.metrics.resampling import mcnemar, paired_difference, percentile_interval, resamples, wilson
from mmkeras.runtime.feeds import columns_of
from mmkeras.system.progress import Log, about, not_silent
from mmkeras.tasks.baselines.constant import constant, median_error
from mmkeras.tasks.baselines.linear import QUICK, READ, estimated_seconds, linear, title_of

MOST_DRAWN: Final = 10_000
"""Rows that a bootstrap sample draws one by one; of more, blocks of neighbouring rows are drawn."""
HINT: Final = "More rows, more epochs (--epochs) or another model (--model) may help."
MEDIA_ALONE: Final = "no linear baseline: it reads no columns of"
ALSO: Final = ("mae", "median_mae", "subset_accuracy")
"""Figures beside the score, where a task has them."""


def compare_with_baselines(
    data: Any, predictions: np.ndarray, truth: np.ndarray, config: Config, log: Log
) -> dict[str, Any]:
    """`baselines` of metrics.json, or {} with `--baseline none`.

    data: TrainingData. predictions: the model's, before it learns the held-out rows, float [n, outputs]; truth: of
    `Targets.truth`.
    """
    wanted = config.training.baseline
    if wanted == "none" or not len(truth):
        return {}
    targets = data.targets
    train = targets.truth(data.split.train)
    title, answer = constant(targets, train)
    answers = {("majority", title): np.broadcast_to(answer, (len(truth), len(answer)))}
    left_out: list[str] = []
    if wanted != "majority":
        title, found, reason = linear_answers(data, train, config, log)
        if found is None:
            left_out.append(reason)
        else:
            answers["svm", title] = found
    subjects = [np.asarray(predictions), *answers.values()]
    names = list(targets.labels or targets.names)
    with np.errstate(invalid="ignore", over="ignore"):  # of a model that has diverged
        figures = [evaluate(targets.task, truth, subject, names) for subject in subjects]
        figures[1] |= median_error(targets.task, train, truth)
        statistics = [row_statistics(targets.task, truth, subject) for subject in subjects]
        return {"baselines": {**compared(list(answers), figures, statistics), "left_out": left_out}}


def linear_answers(data: Any, train: np.ndarray, config: Config, log: Log) -> tuple[str, np.ndarray | None, str]:
    """The title of the linear model and its answers to the held-out rows; or None, and why it is left out.

    train: the training rows' targets, of `Targets.truth`.
    """
    targets, split = data.targets, data.split
    specs = [column for spec in columns_of(data.inputs) for column in columns_in(spec)]
    read, others = [spec for spec in specs if spec["kind"] in READ], sorted({spec["kind"] for spec in specs} - {*READ})
    title = title_of(specs, targets.task) + (f" without the {' and '.join(others)} columns" if others else "")
    if not read:
        return title, None, f"{MEDIA_ALONE} {' and '.join(others)}"
    seconds = estimated_seconds(read, split.train, targets.outputs)
    if config.training.baseline == "auto" and seconds > QUICK:
        return title, None, f"{title} left out, it would take {about(seconds)} (--baseline svm)"
    balanced = config.training.class_weight == "balanced"
    with not_silent(log, f"training the baseline: {title}"):
        found = linear(read, targets, (split.train, split.validation), train, data.encoded["train"], balanced)
    return title, found, f"{title} left out: no word of the texts occurs in two training rows"


def compared(
    titles: Sequence[tuple[str, str]], figures: Sequence[dict[str, Any]], statistics: Sequence[RowStatistics]
) -> dict[str, Any]:
    """The figures of the model and of each baseline, on the same samples of the rows.

    titles: name and title of each baseline. figures: of the model, then of each baseline, with `score`; statistics:
    what each score is made of.
    """
    samples = drawn_scores(statistics)
    entries = [_entry(*parts) for parts in zip(figures, statistics, samples, strict=True)]
    for k, (name, title) in enumerate(titles, 1):
        value = entries[0]["score"] - entries[k]["score"]
        found = paired_difference(value, samples[0] - samples[k])
        p = mcnemar(*(statistics[j].rows[:, 0] > 0 for j in (0, k))) if statistics[0].share else found.p
        ends = {"difference": value, "difference_interval": [found.low, found.high], "p": p}
        entries[k] = {"name": name, "title": title, **entries[k], **ends}
    return {
        "rows": len(statistics[0].rows),
        "of": "rows",
        "score_name": figures[0]["score_name"],
        "model": entries[0],
        "baselines": entries[1:],
        "remarks": remarks(entries[1:]),
    }


def _entry(figures: dict[str, Any], statistics: RowStatistics, samples: np.ndarray) -> dict[str, Any]:
    """The score, its interval, and the figures beside it."""
    score = float(figures["score"])
    found = wilson(score, len(statistics.rows)) if statistics.share else percentile_interval(score, samples)
    return {
        "score": score,
        "interval": [found.low, found.high],
        **{key: figures[key] for key in ALSO if key in figures},
    }


def drawn_scores(statistics: Sequence[RowStatistics]) -> np.ndarray:
    """Float [subjects, samples]: the score of each on the same bootstrap samples of the rows.

    Of many rows, blocks are drawn: their sums have the rows' spread, and neither time nor memory grows with the rows.
    """
    n = len(statistics[0].rows)
    starts = np.arange(0, n, -(-n // MOST_DRAWN))
    sizes = np.diff(np.append(starts, n))
    sums = [np.add.reduceat(subject.rows, starts, axis=0) for subject in statistics]  # [blocks, k] each
    scores = [
        [
            float(subject.score((counts @ rows)[None], int(counts @ sizes))[0])
            for subject, rows in zip(statistics, sums, strict=True)
        ]
        for counts in resamples(len(starts))
    ]
    return np.array(scores).T


def remarks(baselines: Sequence[dict[str, Any]]) -> list[str]:
    """A sentence where the model is clearly worse than a baseline, or not clearly better than a constant answer."""
    worse = [entry for entry in baselines if entry["difference_interval"][1] < 0]
    if worse:
        worst = min(worse, key=lambda entry: entry["difference"])
        return [f"the model is clearly worse than this baseline: {worst['title']}. {HINT}"]
    first = baselines[0]
    if first["difference_interval"][0] <= 0:
        return [f"the model is not clearly better than this baseline: {first['title']}. {HINT}"]
    return []
