"""Tolerances by precision: how far an artefact's outputs may be from the trained model's. To add one: a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from mmkeras.graph import FLOAT32, Answers

LOG_ODDS: Final = 20.0
"""The largest log-odds for which a precision's difference of probabilities holds as it stands."""


@dataclass(frozen=True)
class Tolerance:
    """The limits of one precision.

    difference: numbers -> largest difference of a probability, or of a number in standard deviations of its target;
    texts -> largest difference of a token's log-probability.
    score_loss: how much lower the score (accuracy, micro-F1, R²) may be on the sample rows than the trained model's;
    None: every row must be decided as the model decides it.
    """

    difference: Mapping[Answers, float]
    score_loss: float | None = None

    def at_scale(self, log_odds: float) -> Tolerance:
        """The tolerance of probabilities whose decisions have log-odds of up to `log_odds`.

        A logit z / T is a sum of terms of about the size S of the largest log-odds (1 / T is in S), with a relative
        error r: the difference of two logits is wrong by up to 2 r S. The derivative of a probability p by it is
        p (1 - p), at most 1/4, so p is wrong by up to r S / 2. In float32 r is 1e-6 (16 roundings of 2^-24 that all go
        one way), which makes 1e-5 at S = `LOG_ODDS` = 20, a probability of 0.999999998. Only where a model is surer
        than that, more is allowed, in proportion to S: at most 4.4 times as much, as the smallest probabilities of
        float32 have log-odds of 87. Token ids and labels must be the same all the while.
        """
        factor = max(1.0, log_odds / LOG_ODDS)
        return replace(self, difference={**self.difference, "numbers": factor * self.difference["numbers"]})


TOLERANCES: Final[dict[str, Tolerance]] = {FLOAT32: Tolerance({"numbers": 1e-5, "texts": 1e-4})}
