"""The sentence below the table of a verification: what the score is, of which rows, counted when."""

from __future__ import annotations

import pytest

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.metrics import agreement
from mmkeras.report.modalities import SCORE_WORDS
from mmkeras.verification.legend import LEARNED, WORDS, legend


@pytest.mark.parametrize(
    ("score", "rows", "noun", "words"),
    [
        ("accuracy", 425, "rows", "accuracy: the share of the 425 held-out rows whose predicted class is the true one"),
        ("accuracy", 1, "rows", "accuracy: the share of the 1 held-out row whose predicted class is the true one"),
        ("perplexity", 1200, "lines", "perplexity: exp of the mean −log P of a token in 1,200 held-out lines"),
        ("bleu", 9, "rows", "bleu: BLEU of the texts that the artefact generates for 9 held-out rows"),
        ("of_tomorrow", 9, "rows", "of_tomorrow: of_tomorrow on the 9 held-out rows"),
    ],
)
def test_it_names_the_rows_and_what_is_counted(score: str, rows: int, noun: str, words: str) -> None:
    assert legend(score, rows, noun, {score: 0.5}).startswith(words)


def test_after_a_refit_it_says_so_and_what_the_score_was_before() -> None:
    sentence = legend("r2" + LEARNED, 30, "rows", {"r2": 0.81234, "learned_since": True})
    assert sentence.startswith("r2*: R² on the 30 held-out rows")
    assert sentence.endswith(
        "counted after the model was refit on these rows too; while they were held out it was 0.8123 "
        "(train --no-fold keeps them apart)"
    )


def test_every_score_has_words() -> None:
    scores = {agreement.score_name(task) for task in TARGET_KINDS if task in agreement.PREDICTIONS}
    assert {*SCORE_WORDS, *scores} <= {*WORDS}
