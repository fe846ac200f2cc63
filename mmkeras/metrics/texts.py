"""Figures of generated texts: BLEU, chrF, exact matches, word error rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.metrics.intervals import RowStatistics, share_of

BLEU_WORDS = 4


def text_figures(texts: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Figures of texts against their references, one or more each; shares from 0 to 1, BLEU and chrF from 0 to 100.

    `score`, whose name is `score_name`, is the figure to read first. sacrebleu computes BLEU (Papineni et al. 2002) and
    chrF (Popović 2015) of the whole corpus; its signatures are included.
    """
    streams, (bleu, chrf) = streams_of(references), metrics_of()
    exact = [text in refs for text, refs in zip(texts, references, strict=True)]
    figures: dict[str, Any] = {
        "bleu": float(bleu.corpus_score(list(texts), streams).score),
        "bleu_signature": str(bleu.get_signature()),
        "chrf": float(chrf.corpus_score(list(texts), streams).score),
        "chrf_signature": str(chrf.get_signature()),
        "exact": float(np.mean(exact)),
        "word_error_rate": word_error_rate(texts, references),
    }
    # BLEU counts n-grams of four words: it is 0 for texts of a word or two, or without spaces, however good they are
    has_four_words = np.mean([max(len(text.split()) for text in refs) >= BLEU_WORDS for refs in references]) >= 0.5
    name = "bleu" if has_four_words else "chrf"
    return {**figures, "score_name": name, "score": figures[name]}


def metrics_of() -> tuple[Any, Any]:
    """sacrebleu's BLEU and chrF."""
    from sacrebleu.metrics import BLEU, CHRF  # late: only tasks that generate text need it

    return BLEU(force=True), CHRF()  # force: no warning that texts look tokenised, which is the user's choice


def streams_of(references: Sequence[Sequence[str]]) -> Any:
    """The first reference of each text, the second of each …, None where there are fewer."""
    most = max(map(len, references))
    # sacrebleu skips None; an empty string would be a reference of length 0
    return [[refs[k] if k < len(refs) else None for refs in references] for k in range(most)]


def text_statistics(name: str, texts: Sequence[str], references: Sequence[Sequence[str]]) -> RowStatistics:
    """What a score of texts is made of, for its interval. name: `exact`, `bleu` or `chrf`."""
    if name == "exact":
        return share_of(np.array([text in refs for text, refs in zip(texts, references, strict=True)]))
    metric = dict(zip(("bleu", "chrf"), metrics_of(), strict=True))[name]
    # sacrebleu has no public name for what its own bootstrap is made of; a test compares the sum with its score
    rows = np.array(metric._extract_corpus_statistics(list(texts), streams_of(references)), "float64")

    def score(sums: np.ndarray, n: int) -> np.ndarray:
        return np.array([metric._compute_score_from_stats(row.astype(int).tolist()).score for row in sums])

    return RowStatistics(rows, score)


def sentence_scores(texts: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """chrF of each text against its references."""
    from sacrebleu.metrics import CHRF

    chrf = CHRF()
    return [float(chrf.sentence_score(text, list(refs)).score) for text, refs in zip(texts, references, strict=True)]


def word_error_rate(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """Word insertions, deletions and substitutions over the words of the references; the nearest reference counts."""
    errors = words = 0
    for text, refs in zip(texts, references, strict=True):
        best = min((word_distance(text.split(), ref.split()), len(ref.split())) for ref in refs)
        errors, words = errors + best[0], words + best[1]
    return errors / max(words, 1)


def word_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Smallest number of changes from one text to the other (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]
