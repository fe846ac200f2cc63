"""What the score in the table of a verification is, in plain words: of which rows, counted when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

LEARNED: Final = "_on_learned_rows"
"""Suffix of a score's name in verify.json where the model was refit on the rows that it is counted on."""

WORDS: Final = {
    "accuracy": "the share of the {rows} held-out {noun} whose predicted class is the true one",
    "micro_f1": "micro-F1 of the labels of the {rows} held-out {noun}: the harmonic mean of the share of the predicted "
    "labels that are right and the share of the right labels that are predicted",
    "r2": "R² on the {rows} held-out {noun}, the share of the target's variance that is explained (1: every number is "
    "right; 0: no better than the mean)",
    "bleu": "BLEU of the texts that the artefact generates for {rows} held-out {noun}, against their references, 0 to "
    "100",
    "chrf": "chrF of the texts that the artefact generates for {rows} held-out {noun}, against their references, 0 to "
    "100",
    "exact": "the share of {rows} held-out {noun} whose generated text equals a reference",
    "perplexity": "exp of the mean −log P of a token in {rows} held-out {noun} (lower is better; 1: every token is "
    "certain)",
}
"""Score -> what it is. A score without a line is named with its rows alone."""


def legend(score: str, rows: int, noun: str, held_out: Mapping[str, Any]) -> str:
    """A sentence on the table's column of the score.

    score: its key in the results. rows, noun: how many rows or lines were answered. held_out: of signature.json, with
    `learned_since` where the model was refit on these rows after it was evaluated on them.
    """
    name = score.removesuffix(LEARNED)
    one = noun.removesuffix("s") if rows == 1 else noun
    words = WORDS.get(name, f"{name} on the {{rows}} held-out {{noun}}").format(rows=f"{rows:,}", noun=one)
    if score == name:
        return f"{name}: {words}"
    before = f"while they were held out it was {held_out[name]:.4f} (train --no-fold keeps them apart)"
    return f"{name}*: {words}, counted after the model was refit on these {noun} too; {before}"
