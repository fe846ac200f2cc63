"""The figures of generated texts, on texts one can check by eye."""

from __future__ import annotations

import pytest

from mmkeras.metrics.texts import sentence_scores, text_figures, word_distance, word_error_rate

SENTENCES = ["a man rides a horse", "two men ride on horses", "a red house by the sea"]


def test_texts_that_are_a_reference() -> None:
    figures = text_figures(SENTENCES, [[text, "another one"] for text in SENTENCES])
    assert (figures["bleu"], figures["chrf"]) == (pytest.approx(100), pytest.approx(100))
    assert (figures["exact"], figures["word_error_rate"]) == (1.0, 0.0)
    assert "nrefs:2" in figures["bleu_signature"] or "nrefs:var" in figures["bleu_signature"]


def test_a_worse_text_has_worse_figures() -> None:
    references = [[text] for text in SENTENCES]
    figures = text_figures([SENTENCES[0], "two men", "a red house by the sea side"], references)
    assert 0 < figures["bleu"] < 100
    assert 0 < figures["chrf"] < 100
    assert figures["exact"] == pytest.approx(1 / 3)
    assert figures["word_error_rate"] == pytest.approx(4 / 16), "three words are missing, one is too many"


@pytest.mark.parametrize(
    ("references", "name"),
    [
        ([["one"], ["two"], ["three"]], "chrf"),
        ([["中文没有空格的句子"], ["另一个句子"]], "chrf"),
        ([[text] for text in SENTENCES], "bleu"),
        ([["yes", "a man rides a horse"], ["no"]], "bleu"),
    ],
)
def test_the_figure_that_is_read_first_can_be_reached(references: list[list[str]], name: str) -> None:
    figures = text_figures([texts[-1] for texts in references], references)
    assert figures["score_name"] == name
    assert figures["score"] == figures[name] == pytest.approx(100), "BLEU of single words is 0"


def test_the_nearest_reference_counts() -> None:
    assert word_error_rate(["a b c", "x"], [["a b", "a b c d e"], ["y"]]) == pytest.approx(2 / 3)
    assert sentence_scores(["a b"], [["zzz", "a b"]]) == [pytest.approx(100)]


@pytest.mark.parametrize(("a", "b", "changes"), [("", "", 0), ("a", "", 1), ("a b c", "a x c d", 2), ("a b", "b a", 2)])
def test_the_fewest_changes(a: str, b: str, changes: int) -> None:
    assert word_distance(a.split(), b.split()) == word_distance(b.split(), a.split()) == changes
