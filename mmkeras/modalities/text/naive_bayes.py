"""Multinomial naive Bayes over the features of texts: class likelihoods by counting, without gradients.

After Rennie et al. 2003 the counts are TF-IDF weights of texts normalised to length 1, not occurrences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.features.ragged import Ragged

TEXTS = 2**15  # texts that are counted at once
SMOOTHING = 0.3  # the initial count of each feature in each class; see docs/multimodal.md


def log_likelihoods(parts: Sequence[tuple[Ragged, np.ndarray]], n_rows: int, n_classes: int) -> np.ndarray:
    """log P(feature | class), float32 [n_rows, n_classes], less each feature's mean over classes; row 0 is no feature.

    parts: the texts to count, as bags of row numbers and weights, and their classes, int [n].
    """
    counts = np.full((n_rows, n_classes), SMOOTHING)
    for bags, classes in parts:
        for start in range(0, len(bags), TEXTS):
            chunk = bags.take(np.arange(start, min(start + TEXTS, len(bags))))
            rows, weights = chunk.columns
            flat_index = rows.astype("int64") * n_classes + classes[start + chunk.row_numbers()]
            counts += np.bincount(flat_index, weights, counts.size).reshape(counts.shape)
    log = np.log(counts / counts[1:].sum(axis=0)) if n_rows > 1 else np.zeros(counts.shape)
    log -= log.mean(axis=1, keepdims=True)
    log[0] = 0.0
    return log.astype("float32")


def log_frequencies(classes: np.ndarray, n_classes: int) -> np.ndarray:
    """log P(class), float32 [n_classes], less its mean. classes: int [n]; a class without rows counts as half a row."""
    log = np.log(np.maximum(np.bincount(classes, minlength=n_classes), 0.5))
    return (log - log.mean()).astype("float32")
