"""What the features of a text say of its class by counting alone (multinomial naive Bayes), no gradient.

As Rennie et al. 2003 have it: of TF-IDF weights of texts of length 1, not of bare counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.features.ragged import Ragged

TEXTS = 2**15  # that are counted at once
SMOOTHING = 0.3  # what each feature is counted beforehand, of each class; see docs/multimodal.md


def log_likelihoods(parts: Sequence[tuple[Ragged, np.ndarray]], n_rows: int, n_classes: int) -> np.ndarray:
    """log P(feature | class), float32 [n_rows, n_classes], without what is the same for all classes; row 0 is none.

    parts: texts to count, as row numbers and weights, and their classes, int [n].
    """
    counts = np.full((n_rows, n_classes), SMOOTHING)
    for bags, classes in parts:
        for start in range(0, len(bags), TEXTS):
            some = bags.take(np.arange(start, min(start + TEXTS, len(bags))))
            rows, weights = some.columns
            place = rows.astype("int64") * n_classes + classes[start + some.row_numbers()]
            counts += np.bincount(place, weights, counts.size).reshape(counts.shape)
    log = np.log(counts / counts[1:].sum(axis=0)) if n_rows > 1 else np.zeros(counts.shape)
    log -= log.mean(axis=1, keepdims=True)
    log[0] = 0.0
    return log.astype("float32")


def log_frequencies(classes: np.ndarray, n_classes: int) -> np.ndarray:
    """log P(class), float32 [n_classes], without their mean. classes: int [n]; one of no row counts as half a row."""
    log = np.log(np.maximum(np.bincount(classes, minlength=n_classes), 0.5))
    return (log - log.mean()).astype("float32")
