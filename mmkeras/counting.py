"""After the training, naive Bayes of the texts joins the answer, as far as the held-out rows like it.

What learns by gradients and what counts err differently, and counting errs least where rows are few (Ng & Jordan 2002).
Their answers are multiplied, one to the power of `share` (a logarithmic opinion pool: Genest & Zidek 1986). It counts
afterwards since on rows that it has counted itself it is nearly always right: beside it nothing would be left to learn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mmkeras.fitting import Material
from mmkeras.measuring import run
from mmkeras.metrics import calibration, fit_temperature, softmax
from mmkeras.modalities.text.naive_bayes import log_likelihoods, votes
from mmkeras.models import COUNTED
from mmkeras.models.core import Core
from mmkeras.ragged import Ragged
from mmkeras.sides import RaggedSide

SHARES = (0.0, 0.1, 0.25, 0.5, 1.0)
CHOOSING = 10_000  # held-out rows, at most, that choose


def count_texts(core: Core, material: Material) -> float | None:
    """Fill the core's tables of counts, scaled by the share that makes the held-out classes likeliest.

    Returns the share; None where there is no text to count.
    """
    empty = tables_of(core.model, list(material.columns))
    if not empty:
        return None
    classes = {side: truth.argmax(axis=1) for side, truth in material.encoded.items()}
    tables, held_out = {}, np.zeros(material.encoded["validation"].shape)
    for name, table in empty.items():
        bags = {side: bags_of(material, side, name) for side in classes}
        tables[name] = log_likelihoods(bags["train"], classes["train"], *table.shape)
        held_out += votes(bags["validation"], tables[name])
    logits = run(core.model, material.sides["validation"], material)
    share = best_share(logits, held_out, classes["validation"])
    for name, table in empty.items():
        table.assign(share * tables[name])
    return share


def tables_of(model: Any, columns: list[str]) -> dict[str, Any]:
    """The columns that have a table of counts: float32 [rows, classes]."""
    names = {layer.name for layer in model.layers}
    return {c: model.get_layer(COUNTED.format(name=c)).table for c in columns if COUNTED.format(name=c) in names}


def bags_of(material: Material, side: str, name: str) -> Ragged:
    """A text column's bags: row numbers and weights."""
    found = (s for s in material.sides[side] if isinstance(s, RaggedSide))
    return next(s.ragged for s in found if s.names[0] == f"{name}_rows")


def best_share(logits: np.ndarray, counted: np.ndarray, classes: np.ndarray) -> float:
    """The share of what was counted that makes the classes likeliest, at the temperature that suits the sum best.

    logits, counted: float [n, classes]; classes: int [n]. The likelihood says more of few rows than their accuracy.
    """
    some = np.linspace(0, len(classes) - 1, min(len(classes), CHOOSING)).astype(int)
    logits, counted, classes = logits[some], counted[some], classes[some]

    def loss(share: float) -> float:
        both = logits + share * counted
        figures = calibration(softmax(both / fit_temperature(both, classes)), classes)
        return float(figures["negative_log_likelihood"])

    return min(SHARES, key=loss)
