"""Naive Bayes over the texts, added to the network after the training with a weight that the held-out rows choose.

A network and naive Bayes make different errors, and naive Bayes needs fewer rows (Ng & Jordan 2002). Their
probabilities are multiplied: those of naive Bayes to the power of `weight`, those of the network at its calibrated
temperature (a logarithmic opinion pool: Genest & Zidek 1986). Naive Bayes is fitted after the network. If it took part
in training, it would fit the training rows almost perfectly and the network would get no gradient.

Naive Bayes computes P(class | text), with the frequencies of the classes among the rows that have the text. Without
these frequencies the ensemble is worse (docs/multimodal.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmkeras.features.column_features import ArrayFeatures, ColumnFeatures, bags_in
from mmkeras.features.ragged import Ragged
from mmkeras.metrics.calibration import fit_temperature, row_losses
from mmkeras.modalities.text.naive_bayes import log_frequencies, log_likelihoods
from mmkeras.models import COUNTED, FREQUENCIES
from mmkeras.models.core import Core
from mmkeras.tasks.prediction.evaluate import run
from mmkeras.tasks.prediction.material import TrainingData

WEIGHTS = (1.0, 0.5, 2.0, 0.25, 4.0, 0.0)  # in order of preference, among equal losses on the held-out rows
CHOOSING = 10_000  # largest number of held-out rows that choose the weight


@dataclass(frozen=True)
class Counts:
    """Naive Bayes of one text column. table: the layer's weights of its features [rows, classes]; kernel: the weights
    of its presence [1, classes]; likelihoods, frequencies: the logarithms for table and kernel.
    """

    table: Any
    kernel: Any
    likelihoods: np.ndarray
    frequencies: np.ndarray

    def set_power(self, power: float) -> None:
        """Set the layers' weights: the logarithms times `power`."""
        self.table.assign(power * self.likelihoods)
        self.kernel.assign(power * self.frequencies)


@dataclass(frozen=True)
class Ensemble:
    """weight: of naive Bayes beside the calibrated network; power: the factor of its logarithms in the model."""

    weight: float
    power: float


def fit_naive_bayes(core: Core, data: TrainingData, balanced: bool = False) -> Ensemble | None:
    """Fit naive Bayes on the training rows and fill its layers, scaled by the weight that suits the held-out rows.

    balanced: the network is trained with balanced class weights, so the frequencies of the classes are left out.
    Returns None for a model without a text column.
    """
    counts = counts_of(core.model, data, balanced, ("train",))
    if not counts:
        return None
    classes = data.encoded["validation"].argmax(axis=1)
    rows = np.linspace(0, len(classes) - 1, min(len(classes), CHOOSING)).astype(int)
    logits = run(core.model, data.features["validation"], data, rows)
    for column in counts:
        column.set_power(1.0)
    counted = run(core.model, data.features["validation"], data, rows) - logits
    weight, temperature = best_weight(logits, counted, classes[rows])
    for column in counts:
        column.set_power(weight * temperature)
    return Ensemble(weight, weight * temperature)


def refit_naive_bayes(core: Core, data: TrainingData, ensemble: Ensemble, balanced: bool = False) -> bool:
    """After validation, fit naive Bayes to the held-out rows too. True if that changes the model's answers."""
    for column in counts_of(core.model, data, balanced, ("train", "validation")):
        column.set_power(ensemble.power)
    return ensemble.power > 0


def counts_of(model: Any, data: TrainingData, balanced: bool, split_names: Sequence[str]) -> list[Counts]:
    """Naive Bayes of each text column. The columns share the log-frequencies of the classes in equal parts."""
    names = texts_of(model, list(data.columns))
    classes = [data.encoded[split_name].argmax(axis=1) for split_name in split_names]
    counts = []
    for name in names:
        table = model.get_layer(COUNTED.format(name=name)).table
        kernel = model.get_layer(FREQUENCIES.format(name=name)).kernel
        bags, present = zip(
            *(bags_and_presence(data.features[split_name], name) for split_name in split_names), strict=True
        )
        likelihoods = log_likelihoods(list(zip(bags, classes, strict=True)), *table.shape)
        frequencies = np.zeros(kernel.shape, "float32")
        if not balanced:
            with_text = np.concatenate(classes)[np.concatenate(present)]
            frequencies += log_frequencies(with_text, kernel.shape[1]) / len(names)
        counts.append(Counts(table, kernel, likelihoods, frequencies))
    return counts


def texts_of(model: Any, columns: Sequence[str]) -> list[str]:
    """The columns with a layer of naive Bayes."""
    names = {layer.name for layer in model.layers}
    return [c for c in columns if COUNTED.format(name=c) in names]


def bags_and_presence(features: Sequence[ColumnFeatures], name: str) -> tuple[Ragged, np.ndarray]:
    """The bags (row numbers and weights) of a text column, and its presence, bool [n]."""
    arrays = [f.arrays for f in features if isinstance(f, ArrayFeatures)]
    present = next(a[f"{name}_present"] for a in arrays if f"{name}_present" in a)  # [n, 1]
    return bags_in(features, name), present[:, 0] > 0


def best_weight(logits: np.ndarray, counted: np.ndarray, classes: np.ndarray) -> tuple[float, float]:
    """The first of WEIGHTS whose loss is within one standard error of the smallest (Breiman et al. 1984), since the
    smallest loss on few rows is partly chance. The loss is -log P of the classes at the sum's best temperature: on few
    rows it tells more than accuracy.

    logits: of the network, counted: of naive Bayes, float [n, classes]; classes: int [n]. Returns the weight, and the
    temperature of the network's logits.
    """
    if not np.isfinite(logits).all():
        return 0.0, 1.0  # the training has diverged
    temperature = fit_temperature(logits, classes)

    def losses(weight: float) -> np.ndarray:  # [n]
        pooled = logits / temperature + weight * counted  # [n, classes]
        return row_losses(pooled, classes)

    by_weight = {weight: losses(weight) for weight in WEIGHTS}
    best = min(by_weight.values(), key=np.mean)
    error = {weight: np.std(loss - best) / np.sqrt(len(classes)) for weight, loss in by_weight.items()}
    return next(weight for weight, loss in by_weight.items() if np.mean(loss - best) <= error[weight]), temperature
