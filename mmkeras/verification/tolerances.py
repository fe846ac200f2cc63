"""Tolerances by precision: how far an artefact's outputs may be from the trained model's. To add one: a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mmkeras.graph import FLOAT32, Answers


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


TOLERANCES: Final[dict[str, Tolerance]] = {FLOAT32: Tolerance({"numbers": 1e-5, "texts": 1e-4})}
