"""The figures of each task as functions of how often each row counts, for `metrics.resampling`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.comparing.answers import Answers
from mmkeras.metrics.agreement import read_labels, read_numbers
from mmkeras.metrics.calibration import CALIBRATION_BINS
from mmkeras.metrics.resampling import Value

SMALLEST: Final = 1e-12  # probability whose logarithm is taken


@dataclass(frozen=True)
class Figure:
    """value: counts of the rows -> the figure. right: bool [n], for a share of right rows, whose interval is Wilson's.

    lower: is a lower figure better?
    """

    name: str
    value: Value
    right: np.ndarray | None = None
    lower: bool = False


def mean(values: np.ndarray) -> Value:
    """The mean of a number of each row."""
    return lambda counts: float(counts @ values / counts.sum())


def class_figures(truth: Sequence[str], answers: Answers) -> list[Figure]:
    """Accuracy, macro-F1, negative log likelihood, expected calibration error. truth: the class of each row."""
    number = {label: k for k, label in enumerate(dict.fromkeys([*truth, *answers.words]))}
    true = np.array([number[label] for label in truth])
    predicted = np.array([number[label] for label in answers.words])
    right = true == predicted

    def macro_f1(counts: np.ndarray) -> float:
        hits, support, claimed = (
            np.bincount(codes, weights, minlength=len(number))
            for codes, weights in ((true, counts * right), (true, counts), (predicted, counts))
        )
        occurs = support + claimed > 0
        return float((2 * hits[occurs] / (support + claimed)[occurs]).mean())

    figures = [Figure("accuracy", mean(right.astype("float64")), right), Figure("macro_f1", macro_f1)]
    if np.isfinite(answers.true_probability).all():
        loss = -np.log(np.maximum(answers.true_probability, SMALLEST))
        figures.append(Figure("negative_log_likelihood", mean(loss), lower=True))
    if np.isfinite(answers.confidence).all():
        value = calibration_error(answers.confidence, right)
        figures.append(Figure("expected_calibration_error", value, lower=True))
    return figures


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> Value:
    """The expected calibration error, as `metrics.calibration` has it."""
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = confidence - right

    def value(counts: np.ndarray) -> float:
        return float(np.abs(np.bincount(bins, counts * gaps)).sum() / counts.sum())

    return value


def label_figures(truth: Sequence[str], answers: Answers) -> list[Figure]:
    """Micro-F1, macro-F1 and the share of rows with all labels right. truth: the labels of each row, `a|b`."""
    true, predicted = [*map(read_labels, truth)], [*map(read_labels, answers.words)]
    labels = sorted(set().union(*true, *predicted))
    sets = (true, predicted, [a & b for a, b in zip(true, predicted, strict=True)])
    hot = [np.array([[label in row for label in labels] for row in rows], "float64") for rows in sets]  # [n, labels]

    def f1(counts: np.ndarray, macro: bool) -> float:
        support, claimed, hits = (counts @ part for part in hot)  # [labels] each
        if not macro:
            return float(2 * hits.sum() / max((support + claimed).sum(), 1))
        occurs = support + claimed > 0
        return float((2 * hits[occurs] / (support + claimed)[occurs]).mean()) if occurs.any() else 0.0

    right = np.array([a == b for a, b in zip(true, predicted, strict=True)], dtype=bool)
    return [
        Figure("micro_f1", lambda counts: f1(counts, False)),
        Figure("macro_f1", lambda counts: f1(counts, True)),
        Figure("subset_accuracy", mean(right.astype("float64")), right),
    ]


def number_figures(truth: np.ndarray, answers: Answers) -> list[Figure]:
    """R² and the mean absolute error, the means over the targets. truth: float [n, targets]."""
    predicted = np.array([read_numbers(words) for words in answers.words], "float64")  # [n, targets]
    squares, distance = (predicted - truth) ** 2, np.abs(predicted - truth).mean(axis=1)

    def r2(counts: np.ndarray) -> float:
        total = counts.sum()
        spread = counts @ (truth - counts @ truth / total) ** 2  # [targets]
        rest = counts @ squares
        return float(np.where(spread > 0, 1 - rest / np.where(spread > 0, spread, 1), rest == 0).mean())

    return [Figure("r2", r2), Figure("mae", mean(distance), lower=True)]


def text_figures(references: Sequence[Sequence[str]], answers: Answers) -> list[Figure]:
    """chrF and BLEU of the corpus, and the share of exact texts. references: all right texts of each row."""
    from sacrebleu.metrics import BLEU, CHRF  # late: only tasks that generate text need it

    right = np.array([text in refs for text, refs in zip(answers.words, references, strict=True)], dtype=bool)
    scores: tuple[tuple[str, Any], ...] = (("chrf", CHRF()), ("bleu", BLEU(force=True)))
    corpora = [Figure(name, corpus_score(metric, answers.words, references)) for name, metric in scores]
    return [*corpora, Figure("exact", mean(right.astype("float64")), right)]


def corpus_score(metric: Any, texts: Sequence[str], references: Sequence[Sequence[str]]) -> Value:
    """A score of sacrebleu from its counts of each row, which it sums up itself."""
    most = max(map(len, references))
    streams = [[refs[k] if k < len(refs) else None for refs in references] for k in range(most)]
    counts_of_rows = np.array(metric._extract_corpus_statistics(list(texts), streams), "float64")  # [n, counts]

    def value(counts: np.ndarray) -> float:
        return float(metric._compute_score_from_stats([*np.rint(counts @ counts_of_rows).astype(int).tolist()]).score)

    return value


def line_figures(nats: np.ndarray, tokens: np.ndarray, n_bytes: np.ndarray) -> list[Figure]:
    """Perplexity a token, and bits a byte. Of each line: -log P, the number of its tokens, its bytes; float [n]."""

    def perplexity(counts: np.ndarray) -> float:
        return float(np.exp(min(700.0, counts @ nats / (counts @ tokens))))

    def bits(counts: np.ndarray) -> float:
        return float(counts @ nats / np.log(2) / (counts @ n_bytes))

    return [Figure("perplexity", perplexity, lower=True), Figure("bits_a_byte", bits, lower=True)]


FIGURES: Final[dict[str, Callable[[Any, Answers], list[Figure]]]] = {
    "classify": class_figures,
    "multilabel": label_figures,
    "regress": number_figures,
    "generate": text_figures,
}
"""Task -> its figures of the truth and the answers (looked up by `line_of`); the first one is compared."""
