"""How far an artefact's answers may be from the trained model's, by its precision. To add one: a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mmkeras.graph import FLOAT32, Answers


@dataclass(frozen=True)
class Tolerance:
    """What an artefact of a precision must keep.

    difference: what a model answers with -> the largest difference. numbers: of a probability, or of a number in
    deviations of its target; texts: of a token's log-probability.
    score_loss: how much lower its score (accuracy, micro-F1, R²) may be on the sample rows than the trained model's;
    None: it must decide every row as the model does.
    """

    difference: Mapping[Answers, float]
    score_loss: float | None = None


TOLERANCES: Final[dict[str, Tolerance]] = {FLOAT32: Tolerance({"numbers": 1e-5, "texts": 1e-4})}
