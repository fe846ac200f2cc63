"""After the training, naive Bayes of the texts joins the answer, as far as the held-out rows like it.

What learns by gradients and what counts err differently, and counting errs least where rows are few (Ng & Jordan 2002).
Their answers are multiplied, that of naive Bayes to the power of `share`, that of the network at the temperature at
which it is as sure as it is right (a logarithmic opinion pool: Genest & Zidek 1986). It counts afterwards since on rows
that it has counted itself it is nearly always right: beside it nothing would be left to learn.

What naive Bayes answers is P(class | text), with the frequencies of the classes where the text is there. Without them
the pool is worse (docs/multimodal.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.features.column_features import ArrayFeatures, RaggedFeatures
from mmkeras.features.ragged import Ragged
from mmkeras.metrics.calibration import fit_temperature, softmax
from mmkeras.modalities.text.naive_bayes import log_frequencies, log_likelihoods
from mmkeras.models import COUNTED, FREQUENCIES
from mmkeras.models.core import Core
from mmkeras.tasks.prediction.evaluate import run
from mmkeras.tasks.prediction.material import TrainingData

SHARES = (1.0, 0.5, 2.0, 0.25, 4.0, 0.0)  # the sooner the better, where the held-out rows see no difference
CHOOSING = 10_000  # held-out rows, at most, that choose
SMALLEST = 1e-12  # probability, for a logarithm


@dataclass(frozen=True)
class Counts:
    """What one text column adds to the logits: the weights `table` [rows, classes], of its features, and `kernel`
    [1, classes], of its being there; what was counted for each.
    """

    table: Any
    kernel: Any
    likelihoods: np.ndarray
    frequencies: np.ndarray

    def set_power(self, power: float) -> None:
        """From now on, to this power."""
        self.table.assign(power * self.likelihoods)
        self.kernel.assign(power * self.frequencies)


@dataclass(frozen=True)
class Pooled:
    """How much naive Bayes says. share: beside the calibrated network; power: what the counts are multiplied by."""

    share: float
    power: float


def fit_naive_bayes(core: Core, material: TrainingData, balanced: bool = False) -> Pooled | None:
    """Fill the core's tables of counts, scaled by the share that suits the held-out rows.

    balanced: rare classes have been learned as if they were frequent, so their frequencies are left out here as well.
    Returns None where there is no text to count.
    """
    counts = counts_of(core.model, material, balanced, ("train",))
    if not counts:
        return None
    known = material.encoded["validation"].argmax(axis=1)
    some = np.linspace(0, len(known) - 1, min(len(known), CHOOSING)).astype(int)
    logits = run(core.model, material.sides["validation"], material, some)
    for each in counts:
        each.set_power(1.0)
    counted = run(core.model, material.sides["validation"], material, some) - logits
    share, temperature = best_share(logits, counted, known[some])
    for each in counts:
        each.set_power(share * temperature)
    return Pooled(share, share * temperature)


def refit_naive_bayes(core: Core, material: TrainingData, pooled: Pooled, balanced: bool = False) -> bool:
    """After validation the held-out rows are counted too. True where that changes an answer."""
    for each in counts_of(core.model, material, balanced, ("train", "validation")):
        each.set_power(pooled.power)
    return pooled.power > 0


def counts_of(model: Any, material: TrainingData, balanced: bool, sides: Sequence[str]) -> list[Counts]:
    """Naive Bayes of each text. Each has its part of the classes' frequencies: together they count once."""
    names = texts_of(model, list(material.columns))
    classes = [material.encoded[side].argmax(axis=1) for side in sides]
    found = []
    for name in names:
        table = model.get_layer(COUNTED.format(name=name)).table
        kernel = model.get_layer(FREQUENCIES.format(name=name)).kernel
        bags, there = zip(*(of_column(material, side, name) for side in sides), strict=True)
        likelihoods = log_likelihoods(list(zip(bags, classes, strict=True)), *table.shape)
        frequencies = np.zeros(kernel.shape, "float32")
        if not balanced:
            with_text = np.concatenate(classes)[np.concatenate(there)]
            frequencies += log_frequencies(with_text, kernel.shape[1]) / len(names)
        found.append(Counts(table, kernel, likelihoods, frequencies))
    return found


def texts_of(model: Any, columns: Sequence[str]) -> list[str]:
    """The columns that have a table of counts."""
    names = {layer.name for layer in model.layers}
    return [c for c in columns if COUNTED.format(name=c) in names]


def of_column(material: TrainingData, side: str, name: str) -> tuple[Ragged, np.ndarray]:
    """A text column's bags, row numbers and weights; and where it has a text at all, bool [n]."""
    sides = material.sides[side]
    bags = next(s.ragged for s in sides if isinstance(s, RaggedFeatures) and s.names[0] == f"{name}_rows")
    arrays = [s.arrays for s in sides if isinstance(s, ArrayFeatures)]
    there = next(a[f"{name}_present"] for a in arrays if f"{name}_present" in a)
    return bags, there[:, 0] > 0


def best_share(logits: np.ndarray, counted: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """The share of what was counted that makes the classes likeliest, at the temperature that suits the sum best; but
    of those within one standard error of it (Breiman et al. 1984) the first of SHARES, for few rows prefer by chance.

    logits, counted: float [n, classes]; classes: int [n]. Returns the share, and the temperature of the logits beside
    it. The likelihood says more of few rows than their accuracy.
    """
    if not np.isfinite(logits).all():
        return 0.0, 1.0  # the training has diverged
    temperature = fit_temperature(logits, classes)

    def losses(share: float) -> np.ndarray:  # [n]
        both = logits / temperature + share * counted
        chances = softmax(both / fit_temperature(both, classes))[np.arange(len(classes)), classes]
        return -np.log(np.maximum(chances, SMALLEST))

    found = {share: losses(share) for share in SHARES}
    best = min(found.values(), key=np.mean)
    error = {share: np.std(own - best) / np.sqrt(len(classes)) for share, own in found.items()}
    return next(share for share, own in found.items() if np.mean(own - best) <= error[share]), temperature
