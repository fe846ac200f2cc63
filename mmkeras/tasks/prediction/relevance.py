"""How much each column of a wide block says about the targets by itself: where the training of a wide table starts.

With 300 columns and 160 rows a model that starts with all columns alike learns their noise. So columns are weighed by
their own association with the targets on the training rows first (sure independence screening: Fan & Lv 2008). The
weights are a start: training changes them, and no column's weight is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import keras
import numpy as np

from mmkeras.modalities import columns_read
from mmkeras.modalities.column_tokens import RELEVANCE
from mmkeras.tasks.prediction.material import TrainingData

MOST_ROWS = 10_000  # training rows, evenly spaced, that the association is measured on
AT_ONCE = 256  # columns


def weigh_columns(model: keras.Model, data: TrainingData) -> None:
    """Set the first weights of the columns of each wide block, from the training rows."""
    layers = {layer.name: layer for layer in model.layers}
    targets = data.encoded["train"]
    rows = np.linspace(0, len(targets) - 1, min(len(targets), MOST_ROWS)).astype(int)
    for name, column in data.columns.items():
        layer = layers.get(RELEVANCE.format(name=name))
        if not columns_read(column) or layer is None:
            continue
        key = next(iter(column.features()))
        (features,) = [part for part in data.features["train"] if key in part.specs()]
        layer.set_weights([relevance(features.batch(rows, False)[key], targets[rows])[None, :, None]])


def relevance(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """float32 [n], of mean square 1: the weight of each column.

    features: float [rows, n, f], or row numbers of values int [rows, n]. targets: float32 [rows, outputs].

    A column's share of explained variance r² is compared with that of noise, of which the largest of n columns reaches
    about 2 ln(n) / rows: its weight is (r² / (r² + 2 ln(n) / rows))².
    """
    rows, n = features.shape[:2]
    targets = _standardised(targets)
    parts = [features[:, start : start + AT_ONCE] for start in range(0, n, AT_ONCE)]
    explained = np.concatenate([share for part in parts for share in _explained(part, targets)])
    noise = 2 * math.log(max(n, 2)) / rows
    weights = (explained / (explained + noise)) ** 2
    largest = np.sqrt(np.mean(weights**2))
    return (weights / largest if largest > 0 else np.ones(n)).astype("float32")


def _explained(features: np.ndarray, targets: np.ndarray) -> Iterator[np.ndarray]:
    """Float [n]: the share of the targets' variance that each column explains, of the output that it explains best."""
    rows = len(features)
    if features.ndim == 3:
        correlation = np.einsum("rnf,ro->nfo", _standardised(features), targets, optimize=True) / rows
        yield np.max(correlation**2, axis=(1, 2))
        return
    for values in features.T:  # the correlation ratio, less what as many groups of noise explain
        _, group = np.unique(values, return_inverse=True)
        counts = np.bincount(group)
        sums = np.stack([np.bincount(group, weights) for weights in targets.T])  # [outputs, groups]
        ratio = np.max((sums**2 / counts).sum(axis=1)) / rows
        yield np.array([max(0.0, ratio - (len(counts) - 1) / rows) / max(1e-9, 1 - (len(counts) - 1) / rows)])


def _standardised(x: np.ndarray) -> np.ndarray:
    """Less its mean over the rows, by its deviation; zeros where it is constant."""
    centred = x - x.mean(axis=0)
    deviation = centred.std(axis=0)
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=deviation > 1e-6)
