"""How far an artefact's answers may be from the trained model's, by its precision and by what it answers with."""

from __future__ import annotations

from mmkeras.graph import FLOAT32, Answers

# numbers: of a probability, or of a number in deviations of its target; texts: of a token's log-probability
LARGEST_DIFFERENCE: dict[str, dict[Answers, float]] = {FLOAT32: {"numbers": 1e-5, "texts": 1e-4}}
